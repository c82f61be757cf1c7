'use strict';
(() => {
  const images = [...document.querySelectorAll('[data-image]')];
  const fields = ['count', 'potter', 'comments'];
  const rater = document.getElementById('rater');
  const save = document.getElementById('save');
  const state = document.getElementById('state');
  const storageKey = 'pvs_workflow reading ' + images[0].dataset.image;
  let unsaved = false;

  const input = (image, name) => image.querySelector(`[name="${name}"]`);
  const rated = (image) => input(image, 'count').value !== '' || input(image, 'potter').value !== '';

  function show(suffix) {
    const done = images.filter(rated).length;
    state.textContent = `${done} of ${images.length} images rated${suffix}`;
  }

  // A browser may not allow local storage, so only the saved file is reliable.
  function store() {
    const values = { rater: rater.value };
    for (const image of images) {
      values[image.dataset.image] = fields.map((name) => input(image, name).value);
    }
    try {
      localStorage.setItem(storageKey, JSON.stringify(values));
    } catch (error) { /* not stored */ }
  }

  function restore() {
    try {
      const values = JSON.parse(localStorage.getItem(storageKey)) || {};
      rater.value = values.rater || '';
      for (const image of images) {
        const stored = values[image.dataset.image] || [];
        fields.forEach((name, index) => { input(image, name).value = stored[index] || ''; });
      }
    } catch (error) { /* nothing was stored */ }
  }

  function cell(text) {
    const line = text.replace(/\s+/g, ' ').trim();
    if (line === '') return 'n/a';
    return line.includes('"') ? `"${line.replaceAll('"', '""')}"` : line;
  }

  function table() {
    const rows = images.map((image) => {
      const [count, potter, comments] = fields.map((name) => cell(input(image, name).value));
      return [image.dataset.image, count, potter, cell(rater.value), comments].join('\t');
    });
    return ['image_id\tcount\tpotter\trater\tcomments', ...rows, ''].join('\n');
  }

  document.addEventListener('input', () => {
    unsaved = true;
    store();
    show(', not yet saved as a file');
  });

  save.addEventListener('click', () => {
    const invalid = images.map((image) => input(image, 'count')).find((count) => !count.checkValidity());
    if (invalid) {
      invalid.focus();
      invalid.reportValidity();
      show('; a count is not a whole number from 0 to 999');
      return;
    }
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([table()], { type: 'text/tab-separated-values' }));
    link.download = save.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    unsaved = false;
    show(', saved as ' + save.dataset.file);
  });

  window.addEventListener('beforeunload', (event) => {
    if (unsaved) event.preventDefault();
  });

  restore();
  document.querySelector('.tools').hidden = false;
  show('');
})();
