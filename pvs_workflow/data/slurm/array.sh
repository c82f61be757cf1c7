#!/bin/bash
# Job array of pvs_workflow: one task per participant, then the group level.
#
#   bash @file@ submit     submit all unfinished tasks: at first all, later those that failed
#   bash @file@ pending    print the numbers of the unfinished tasks
#
# Options of sbatch may follow submit (for example --partition=long).
#
#SBATCH --job-name=@name@
#SBATCH --array=1-@number@%50
#SBATCH --cpus-per-task=@cpus@
#SBATCH --mem=@limit_mib@M
#SBATCH --time=01:00:00
#SBATCH --output=@log@
set -euo pipefail

# To use a container, replace this with the command that starts it; bind these folders to the
# same paths inside.
command=(@command@)
bids_dir=@bids_dir@
output_dir=@output_dir@
work_dir=@work_dir@
config=@config@

script=@script@
list=@list@
list_sha256=@sha256@
done_dir=@done@
at_once=50
block=1000 # tasks per array; most clusters allow 1001

check_list() {
    if [ "$(sha256sum < "$list" | cut -d ' ' -f 1)" != "$list_sha256" ]; then
        echo "$list has changed since this script was written; restore it or write a new job array" >&2
        exit 1
    fi
}

pending() {
    local number=0 label
    while read -r label; do
        number=$((number + 1))
        [ -e "$done_dir/$label" ] || echo "$number"
    done < "$list"
}

submit() {
    local numbers first last array ids=()
    mapfile -t numbers < <(pending)
    for ((first = 0; first < @number@; first += block)); do
        last=$((first + block))
        array=$(printf '%s\n' "${numbers[@]}" |
            awk -v first="$first" -v last="$last" '$1 > first && $1 <= last {print $1 - first}' |
            paste -s -d ,)
        [ -n "$array" ] || continue
        ids+=("$(sbatch --parsable "$@" --array="$array%$at_once" \
            --export="ALL,PVS_FIRST=$first" "$script" | cut -d ';' -f 1)")
    done
    if [ "${#ids[@]}" -eq 0 ]; then
        echo 'all participants are done'
        return
    fi
    sbatch --parsable "$@" --array=0 --dependency="afterany:$(IFS=:; echo "${ids[*]}")" \
        --job-name=@name@_group --output=@group_log@ --export=ALL,PVS_GROUP=1 "$script" > /dev/null
    echo "submitted ${#numbers[@]} participants as ${ids[*]}, and the group level after them"
}

check_list
case "${1-}" in
pending)
    pending
    exit
    ;;
submit)
    shift
    submit "$@"
    exit
    ;;
esac

if [ -n "${PVS_GROUP-}" ]; then
    exec "${command[@]}" "$bids_dir" "$output_dir" group
fi

number=$((SLURM_ARRAY_TASK_ID + ${PVS_FIRST:-0}))
label=$(sed -n "${number}p" "$list")
if [ -z "$label" ]; then
    echo "$list has no line $number" >&2
    exit 2
fi
# Nipype uses the same file names in every run, so each participant needs its own work folder.
"${command[@]}" "$bids_dir" "$output_dir" participant --participant-label "$label" \
    --nprocs "$SLURM_CPUS_PER_TASK" --mem @plan_mb@ --work-dir "$work_dir/sub-$label" \
    --config-file "$config"
touch "$done_dir/$label"
