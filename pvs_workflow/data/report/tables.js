// Makes every table.sortable of the page sortable, searchable and paged; without this script they
// are plain tables. Text is never parsed as markup, because cells are moved, not created.
(function () {
  'use strict';
  // Errors must not hide a table behind a dialogue.
  DataTable.ext.errMode = 'throw';

  function number(text) {
    var value = parseFloat(String(text).replace(/<[^>]*>/g, ''));
    // Missing values come last in both sort directions.
    return isNaN(value) ? null : value;
  }

  function last(compare) {
    return function (a, b) {
      if (a === null || b === null) {
        return a === b ? 0 : a === null ? 1 : -1;
      }
      return compare(a, b);
    };
  }

  DataTable.type('number-or-missing', {
    order: {
      pre: number,
      asc: last(function (a, b) { return a - b; }),
      desc: last(function (a, b) { return b - a; })
    }
  });

  // Natural sort order of labels: sub-2 before sub-10.
  var collator = new Intl.Collator('en', { numeric: true });
  DataTable.type('label', {
    order: {
      pre: function (text) {
        var plain = String(text).replace(/<[^>]*>/g, '').trim();
        return plain === 'n/a' ? null : plain;
      },
      asc: last(function (a, b) { return collator.compare(a, b); }),
      desc: last(function (a, b) { return collator.compare(b, a); })
    }
  });

  function choice(api, index, title, name) {
    var label = document.createElement('label');
    var select = document.createElement('select');
    label.className = 'choice';
    label.append(title + ' ', select);
    select.append(new Option('all', ''));
    var values = new Set();
    api.column(index).nodes().toArray().forEach(function (cell) {
      values.add(cell.textContent.trim());
    });
    Array.from(values).sort(collator.compare).forEach(function (value) {
      select.append(new Option(value, value));
    });
    select.setAttribute('aria-label', name + ': ' + title);
    select.addEventListener('change', function () {
      var selected = select.value;
      api.column(index).search(selected ? function (text, row, number) {
        return api.cell(number, index).node().textContent.trim() === selected;
      } : '').draw();
    });
    return label;
  }

  document.querySelectorAll('table.sortable').forEach(function (table) {
    var heads = Array.from(table.querySelectorAll('thead th'));
    var rows = table.tBodies[0].rows.length;
    var name = table.dataset.name;
    var page = Number(table.dataset.page);
    var api = new DataTable(table, {
      autoWidth: false,
      order: [],
      pageLength: page,
      lengthMenu: [20, 50, 100, 200, { label: 'all', value: -1 }],
      layout: {
        topStart: 'search',
        topEnd: null,
        bottomStart: rows > page ? ['pageLength', 'info'] : 'info',
        bottomEnd: rows > page ? 'paging' : null
      },
      language: { search: 'Search in ' + name, lengthMenu: 'Rows per page: _MENU_' },
      columns: heads.map(function (head) {
        return { type: head.dataset.kind === 'number' ? 'number-or-missing' : 'label' };
      })
    });
    var bar = api.table().container().querySelector('.dt-layout-row');
    // Several tables may have pages, so each landmark needs its own name.
    api.table().container().querySelectorAll('nav').forEach(function (nav) {
      nav.setAttribute('aria-label', 'Pages of ' + name);
    });
    heads.forEach(function (head, index) {
      if (bar && 'choice' in head.dataset) {
        bar.append(choice(api, index, head.dataset.choice, name));
      }
    });
    table.closest('.scroll').classList.remove('tall');

    // Print all rows.
    var length = null;
    window.addEventListener('beforeprint', function () {
      length = api.page.len();
      api.page.len(-1).draw();
    });
    window.addEventListener('afterprint', function () {
      if (length !== null) { api.page.len(length).draw(); }
    });
  });
})();
