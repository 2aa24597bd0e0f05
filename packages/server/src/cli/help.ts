// What --help prints.
import { renderFlags } from '../config/render.js';

export const overview = `voisin: one server that turns text into vectors, keeps them and finds their neighbours

Usage:
  voisin serve [flags]        start the server
  voisin demo [folder]        index a folder of text files and answer questions about it
  voisin help [command]       this page, or that of a command
  voisin --version            the version

Settings are environment variables or flags of serve; all of them: voisin help serve, docs/configuration.md
`;

export function serveHelp(): string {
  return `Usage: voisin serve [flags]

Starts the server. Each flag is an environment variable too (named beside it, its default in brackets); the flag wins.
Keys and other secrets come from the environment alone: see docs/configuration.md.

${renderFlags()}`;
}

export const demoHelp = `Usage: voisin demo [folder] [--question TEXT]

Indexes the text files of a folder (by default this project's own documents) and answers questions with the nearest passages.
Questions are typed, one a line, or piped in; an empty line or Ctrl-D ends it.

  --question TEXT    answer this one question and end

Starts a server of its own with a temporary data folder, unless VOISIN_URL names one (VOISIN_API_KEY is its key).
`;
