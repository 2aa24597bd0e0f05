// Style and script of the reference page, kept here so that the build has no files to copy.

export const docsStyle = `:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0b57d0, #8ab4f8); }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1rem; }
a { color: var(--link); } small, i { opacity: .7; font-weight: normal; }
nav a { margin-right: 1rem; } code, textarea, pre, input { font-family: ui-monospace, monospace; font-size: .9em; }
details.operation { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 .75rem; }
details[open] { padding-bottom: .75rem; } summary { padding: .5rem 0; cursor: pointer; }
.method { display: inline-block; min-width: 4.2rem; font-weight: 700; }
.get { color: light-dark(#0a6b2e, #6dd58c); } .post { color: light-dark(#0b57d0, #8ab4f8); } .delete { color: light-dark(#b3261e, #f2b8b5); }
.put, .patch { color: light-dark(#8a5000, #ffb77c); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); padding: .25rem .5rem; }
input, textarea { width: 100%; padding: .35rem; border: 1px solid var(--line); border-radius: 4px; background: var(--soft); color: inherit; }
textarea { min-height: 7rem; } button { padding: .35rem 1rem; margin-top: .5rem; }
pre { background: var(--soft); padding: .5rem; overflow: auto; max-height: 24rem; white-space: pre-wrap; overflow-wrap: anywhere; }
h3 { margin: .75rem 0 .25rem; font-size: 1rem; } ul { margin: 0; }`;

export const docsScript = `const key = document.getElementById('key');
const make = (name, properties) => Object.assign(document.createElement(name), properties);
for (const form of document.querySelectorAll('form[data-path]')) {
  const { method, path, body } = form.dataset;
  const names = [...path.matchAll(/\\{(\\w+)\\}/g)].map((match) => match[1]);
  const inputs = new Map();
  const field = (name, input) => {
    const label = make('label', { textContent: name + ' ' });
    label.append(input);
    form.append(label);
    inputs.set(name, input);
  };
  form.append(make('h3', { textContent: 'Try it' }));
  for (const name of names) field(name, make('input', { required: true }));
  field('query string', make('input', { placeholder: 'limit=10' }));
  if (body) field('body', make('textarea', { value: '{}', spellcheck: false }));
  const shown = make('pre', { hidden: true });
  shown.setAttribute('aria-live', 'polite');
  form.append(make('button', { textContent: 'Send' }), shown);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    let url = path;
    for (const name of names) url = url.replace('{' + name + '}', encodeURIComponent(inputs.get(name).value));
    const query = inputs.get('query string').value;
    const headers = {};
    if (key.value !== '') headers['x-api-key'] = key.value;
    const text = inputs.get('body')?.value;
    // A browser sends no body with GET: a search goes as POST there.
    const hasBody = text !== undefined && method !== 'GET';
    if (hasBody) headers['content-type'] = 'application/json';
    shown.hidden = false;
    shown.textContent = '...';
    const started = performance.now();
    try {
      const response = await fetch(url + (query === '' ? '' : '?' + query), { method, headers, ...(hasBody ? { body: text } : {}) });
      const answer = await response.text();
      let pretty = answer;
      try { pretty = JSON.stringify(JSON.parse(answer), null, 2); } catch { pretty = answer; }
      shown.textContent = response.status + ' in ' + Math.round(performance.now() - started) + ' ms\\n' + pretty.slice(0, 20000);
    } catch (error) {
      shown.textContent = String(error);
    }
  });
}`;
