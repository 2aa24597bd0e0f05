// What --help prints.
import { renderFlags } from '../config/render.js';

export const overview = `voisin: one server that turns text into vectors, keeps them and finds their neighbours

Usage:
  voisin serve [flags]        start the server
  voisin demo [folder]        index a folder of text files and answer questions about it
  voisin models [command]     the models that are here: list, pull, remove, convert, inspect
  voisin users [command]      accounts: create, list, show, set, delete
  voisin keys [command]       their keys: create, list, revoke
  voisin accounts set-aside   starts over without accounts, where their store is damaged
  voisin usage [user]         what they embedded, by key, model and day
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

export const demoHelp = `Usage: voisin demo [folder] [--question TEXT ...]

Indexes the text files of a folder (by default this project's own documents) and answers questions with the nearest passages.
Questions are typed, one a line, or piped in; an empty line or Ctrl-D ends it.

  --question TEXT    answer this question and end; may be given several times

Starts a server of its own with a temporary data folder, unless VOISIN_URL names one (VOISIN_API_KEY is its key).
`;

export const modelsHelp = `Usage: voisin models [command]

  list [--json]                  every model that a server with this configuration knows, and what is wrong with a broken one
  pull MODEL [flags]             downloads a model from the Hugging Face hub into its cache, or goes on with a download that was cut
      --precision WORD           fp32 (the default), int8 or all
      --revision REVISION        a branch, a tag or a commit in place of main
      --weights                  the weights in place of ONNX files, to be converted
  remove MODEL                   takes a model out of the hub cache
  convert MODEL|DIRECTORY [flags]    makes ONNX files from weights (safetensors, PyTorch) and compares the two; the first time it installs PyTorch
      --out FOLDER               in place of the directory itself, or of MODELS_DIR for what lies in the hub cache
      --json                     how near the files are to PyTorch, as JSON
  inspect MODEL|DIRECTORY [--json]   what its files say, and whether it loads and runs

MODEL is a name such as BAAI/bge-small-en-v1.5, or, where it is here already, its last part. MODELS_DIR, HF_HOME, HF_HUB_CACHE, HF_ENDPOINT and
HF_TOKEN say where models are, as for the server: see docs/configuration.md.
`;

const accountsDoor = `Speaks to the server at VOISIN_URL with VOISIN_API_KEY (an admin key for the accounts of others). Without VOISIN_URL it opens PostgreSQL
(DATABASE_URL) or the data folder (FAISS_DATA_DIR or --data-dir) itself; where a server has that folder, it speaks to the server at HOST and PORT.
USER is an id or an e-mail address; --json prints JSON.
`;

export const usersHelp = `Usage: voisin users COMMAND

  create EMAIL [flags]       makes a user and prints their first key, once
      --tier TIER            a tier of TIERS_FILE; by default the first, free
      --tenant TENANT        whose indexes the keys see; by default a tenant of the user's own, default for administrators
      --admin                may see and change every account; the first user may, where there is no admin key
      --expires WHEN         of the key: 12h, 30d, 8w or 2026-12-31
  list                       every user
  show USER
  set USER [flags]           --tier TIER, --tenant TENANT, --admin true|false, --disabled true|false
  delete USER                with all keys; usage and indexes stay

${accountsDoor}`;

export const keysHelp = `Usage: voisin keys COMMAND

  create [USER] [flags]      makes a key and prints it, once
      --name NAME            what its owner calls it
      --expires WHEN         12h, 30d, 8w or 2026-12-31
  list [USER]
  revoke KEY_ID              within a second no server takes it

Without USER, the account of VOISIN_API_KEY.

${accountsDoor}`;

export const accountsHelp = `Usage: voisin accounts set-aside [--data-dir FOLDER] [--json]

Renames the accounts store of a data folder (FAISS_DATA_DIR), for a server that does not start because the store is damaged. The next start has no
users and no keys but those of FAISS_PROXY_API_KEYS: on 127.0.0.1 it asks for none, elsewhere it makes a new admin key. Indexes stay. Nothing is
deleted: rename the files back to undo it. The server must be stopped.
`;

export const usageHelp = `Usage: voisin usage [USER] [--from DAY] [--to DAY]

What was embedded, by key, model and day, from the first of this month to today unless told otherwise (UTC). Without USER, that of everyone for an
admin key, else of the account of VOISIN_API_KEY.

${accountsDoor}`;
