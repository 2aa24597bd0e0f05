// The schema as text: the flags for --help, and docs/configuration.md.
import { everySetting, secrets } from './schema.js';
import type { Setting } from './setting.js';

function groups(): Map<string, Setting<unknown>[]> {
  return everySetting.reduce(
    (found, setting) => found.set(setting.group, [...(found.get(setting.group) ?? []), setting]),
    new Map<string, Setting<unknown>[]>(),
  );
}

/** @returns the part of `voisin help serve` that lists the flags, at most `width` columns wide */
export function renderFlags(width = 100): string {
  const lines: string[] = [];
  for (const [group, settings] of groups()) {
    lines.push(`${group}:`);
    for (const setting of settings) {
      const flag = `--${setting.flag}${setting.placeholder === undefined ? '' : ` ${setting.placeholder}`}`;
      lines.push(`  ${flag.padEnd(32)} ${setting.name} [${setting.defaultText}]`);
      lines.push(...wrap(setting.help, width - 35).map((line) => `${' '.repeat(35)}${line}`));
    }
    lines.push('');
  }
  return lines.join('\n');
}

/** @returns docs/configuration.md, whole */
export function renderDocument(): string {
  const parts = [
    `# Configuration

<!-- Made from packages/server/src/config/schema.ts by \`npm run docs\`; a test compares them. Change the schema, not this page. -->

Every setting is an environment variable and a flag of \`voisin serve\` (\`npm start -- --port 9000\`); the flag wins. A variable that is set
to nothing counts as not set. A flag that does not exist and a value that cannot be stop the start with one line and exit code 2. A switch
is turned on by \`--debug\` and off by \`--no-debug\`.
`,
  ];
  for (const [group, settings] of groups()) {
    const rows = settings.map((s) => `| \`${s.name}\` | \`--${s.flag}\` | ${s.defaultText} | ${s.accepts} | ${s.help} |`);
    parts.push(`## ${group}\n\n| environment | flag | default | accepts | what it does |\n|---|---|---|---|---|\n${rows.join('\n')}\n`);
  }
  parts.push(`## Keys

\`${secrets.apiKeys}="key1:tenant1,key2:tenant2"\` turns keys on: every route but \`GET /\`, \`/health\`, \`/v1/health\` and \`/docs\` then needs
\`X-API-Key: KEY\` or \`Authorization: Bearer KEY\`, and the key names the tenant whose indexes it sees. A key is any text without comma,
colon or control characters; spaces around it do not count. A tenant's name is 1 to 64 of \`A-Z a-z 0-9 _ . -\` and has no dot first. One tenant may have
several keys. There is no flag for them, since a command line is seen by every user of the machine, and no message shows them.

Without keys it depends on \`HOST\`:

| \`HOST\` | what happens |
|---|---|
| this machine alone (127.0.0.0/8, ::1, localhost) | no key is needed, a key that is sent anyway is ignored, everyone sees all tenants, no CORS headers are sent |
| any other | the first start makes an admin key of the tenant \`default\`, prints it once and keeps its bcrypt hash in the data folder; later starts accept it |
| any other, with \`ALLOW_ANONYMOUS=true\` | as on this machine alone: whoever reaches the server may read and change everything |

When \`${secrets.apiKeys}\` is set, the admin key no longer counts: one that was lost or leaked is retired by setting it. Keys of accounts
([accounts.md](accounts.md)) count everywhere, and with the first account every caller needs a key, except with \`ALLOW_ANONYMOUS=true\`. Setting it together with
\`ALLOW_ANONYMOUS=true\` stops the start. \`${secrets.clientKey}\`, a letter shorter, belongs to clients: found in the server's environment it is a
warning and nothing else.
`);
  parts.push(`## PostgreSQL

\`${secrets.databaseUrl}="postgres://user:password@host:5432/database"\` keeps accounts in PostgreSQL, where several servers share them; without it they lie in
the data folder. There is no flag for it, since it holds a password. See [accounts.md](accounts.md).
`);
  parts.push(`## Redis

\`${secrets.redisUrl}="redis://user:password@host:6379/0"\` (\`rediss://\` for TLS) makes Redis the second level of the embedding cache: shared by servers,
kept over restarts. Without PostgreSQL it counts quotas too ([accounts.md](accounts.md)). There is no flag for it either, since it may hold a password. A server whose Redis is away, slow, full or holds something
else goes on without it, says so in \`/health\` and \`/metrics\`, and comes back to it by itself.

`);
  parts.push(`## Hugging Face

\`${secrets.hubToken}\` opens models that are not public. Without it, the token of \`hf auth login\` in \`HF_HOME\` counts. See [models.md](models.md).
`);
  return `${parts.join('\n').trimEnd()}\n`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
