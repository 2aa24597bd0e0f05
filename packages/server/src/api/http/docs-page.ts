// The reference as a page: plain HTML made on the server, readable without scripts and without a network.

import { fieldsOf, type Json, type OpenApiDocument, type OpenApiOperation } from './openapi.js';

export function docsPage({ info, tags, paths }: OpenApiDocument): string {
  const all = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = tags.map((tag) => {
    const name = String(tag['name']);
    const mine = all.filter(({ operation }) => operation.tags.includes(name));
    const title = `<h2 id="${name}">${capital(name)}</h2><p>${escape(String(tag['description']))}.</p>`;
    return `<section>${title}${mine.map(({ path, method, operation }) => operationHtml(path, method, operation)).join('')}</section>`;
  });
  const links = tags.map((tag) => `<a href="#${String(tag['name'])}">${capital(String(tag['name']))}</a>`).join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Voisin ${escape(String(info['version']))}: reference</title>
<link rel="stylesheet" href="/docs/page.css">
<script src="/docs/page.js" defer></script>
</head>
<body>
<header>
<h1>Voisin <small>${escape(String(info['version']))}</small></h1>
<p>${escape(String(info['description']))} <a href="/openapi.json">OpenAPI document</a></p>
<nav aria-label="Groups of routes">${links}</nav>
<p><label for="key">API key, for trying routes from here <input id="key" type="password" autocomplete="off" placeholder="none needed on a server without keys"></label></p>
</header>
<main>${sections.join('\n')}
<section><h2 id="errors">Errors</h2>
<p>Every error has the same body: <code>{"error": {"code", "message", "details"?, "request_id"}}</code>. 401 comes with WWW-Authenticate; 429 and 503 with Retry-After. Routes of OpenAI’s API and of text-embeddings-inference say errors as their originals do.</p>
</section></main>
</body>
</html>
`;
}

function operationHtml(path: string, method: string, operation: OpenApiOperation): string {
  const { parameters = [], requestBody, responses } = operation;
  const body = fieldsOf(fieldsOf(fieldsOf(fieldsOf(requestBody?.['content'])['application/json'])['schema']));
  const rows = [
    ...parameters.map((one) => row(String(one['name']), `${String(one['in'])}`, fieldsOf(one['schema']), one['required'] === true)),
    ...Object.entries(fieldsOf(body['properties'])).map(([name, schema]) =>
      row(name, 'body', fieldsOf(schema), includes(body['required'], name)),
    ),
  ];
  const inputs =
    rows.length === 0
      ? ''
      : `<table><thead><tr><th>Field</th><th>In</th><th>Type</th><th>Meaning</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
  const answers = Object.entries(responses)
    .map(([status, response]) => `<li><b>${status}</b> ${escape(String(response['description'] ?? ''))}${answerShape(response)}</li>`)
    .join('');
  const open = operation.security?.length === 0 ? ' <i>no key needed</i>' : '';
  return `<details class="operation" id="${operation.operationId}"><summary><span class="method ${method}">${method.toUpperCase()}</span> <code>${escape(path)}</code> <span>${escape(operation.summary)}</span>${open}</summary>
${inputs}<h3>Answers</h3><ul>${answers}</ul>
<form data-method="${method.toUpperCase()}" data-path="${escape(path)}"${requestBody === undefined ? '' : ' data-body="yes"'}></form></details>`;
}

function row(name: string, place: string, schema: Readonly<Record<string, Json>>, required: boolean): string {
  const fallback = schema['default'] === undefined ? '' : ` Default: <code>${escape(JSON.stringify(schema['default']))}</code>.`;
  const meaning = `${escape(String(schema['description'] ?? ''))}${fallback}`;
  return `<tr><td><code>${escape(name)}</code>${required ? ' <b title="required">*</b>' : ''}</td><td>${place}</td><td>${escape(typeName(schema))}</td><td>${meaning}</td></tr>`;
}

/** One success answer's fields, a line each. */
function answerShape(response: Readonly<Record<string, Json>>): string {
  const said = fieldsOf(fieldsOf(fieldsOf(response['content'])['application/json'])['schema']);
  const { oneOf } = said;
  // Of two services at one address, the first.
  const schema = Array.isArray(oneOf) ? fieldsOf(oneOf[0]) : said;
  const properties = Object.entries(fieldsOf(schema['properties']));
  if (properties.length === 0) return '';
  const items = properties.map(([name, one]) => `<code>${escape(name)}</code> ${escape(typeName(fieldsOf(one)))}`);
  return `: ${items.join(', ')}`;
}

function typeName(schema: Readonly<Record<string, Json>>): string {
  const { enum: choices, type, items, minimum, maximum, oneOf } = schema;
  if (Array.isArray(choices)) return choices.map((one) => JSON.stringify(one)).join(' | ');
  if (Array.isArray(oneOf)) return oneOf.map((one: Json) => typeName(fieldsOf(one))).join(' | ');
  if (type === 'array') return `array of ${typeName(fieldsOf(items))}`;
  const range =
    minimum === undefined && maximum === undefined
      ? ''
      : ` ${minimum === undefined ? '' : String(minimum)}..${maximum === undefined ? '' : String(maximum)}`;
  return `${typeof type === 'string' ? type : 'any'}${range}`;
}

function includes(list: Json | undefined, name: string): boolean {
  return Array.isArray(list) && list.includes(name);
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
