#!/bin/bash
# Job array of pvs_workflow: one task per participant, then the group level.
#
#   bash @file@ submit     submit all tasks that are neither done nor in the queue
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

in_queue() { # print the numbers of the tasks that are waiting or running
    local index name path
    squeue --noheader --array --user="$UID" --states=PENDING,CONFIGURING,RUNNING,SUSPENDED \
        --format='%K %j %o' | while read -r index name path; do
        if [ "$path" = "$script" ] && [[ $name == "@name@"_* && ${name##*_} =~ ^[0-9]+$ ]]; then
            echo $((${name##*_} + index))
        fi
    done
}

submit() {
    local queued numbers number first tasks answer jobs=() next=0 span=$block
    queued=$(in_queue)
    mapfile -t numbers < <(pending | grep --invert-match --line-regexp --fixed-strings "$queued")
    # The queue refuses a whole array if it exceeds a limit; smaller ones may fit.
    while ((next < ${#numbers[@]})); do
        first=$((numbers[next] - 1)) tasks=()
        for number in "${numbers[@]:next}"; do
            ((number - first <= span)) || break
            tasks+=($((number - first)))
        done
        if answer=$(sbatch --parsable "$@" --array="$(IFS=,; echo "${tasks[*]}")%$at_once" \
            --job-name="@name@_$first" --export="ALL,PVS_FIRST=$first" "$script" 2>&1); then
            jobs+=("$(grep --only-matching --extended-regexp '^[0-9]+' <<< "$answer")")
            next=$((next + ${#tasks[@]}))
        elif ((${#tasks[@]} > 1)); then
            span=$((span / 2))
        else
            break
        fi
    done
    if [ -n "$queued" ]; then
        echo "$(wc -l <<< "$queued") participants are still in the queue and are not submitted again"
    elif [ "${#numbers[@]}" -eq 0 ]; then
        echo 'all participants are done'
    fi
    if [ "$next" -gt 0 ]; then
        echo "submitted $next participants as ${jobs[*]}"
        if sbatch --parsable "$@" --array=0 --dependency="afterany:$(IFS=:; echo "${jobs[*]}")" \
            --job-name=@name@_group --output=@group_log@ --export=ALL,PVS_GROUP=1 "$script" \
            > /dev/null; then
            echo 'submitted the group level after them'
        else
            echo "not submitted: the group level, which the queue refused; run it at the end" >&2
        fi
    fi
    if [ "$next" -lt "${#numbers[@]}" ]; then
        echo "not submitted: $((${#numbers[@]} - next)) participants, which the queue refused" \
            "(${answer##*$'\n'}); repeat this command when the queue has room" >&2
        exit 1
    fi
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
: > "$done_dir/$label" # touch would also set times, which some shares refuse
