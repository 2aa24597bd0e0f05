// What a model's configuration changes in its tokenizer. The tokens are those of AutoTokenizer in transformers 4.57 and 5.24, which agree on these.
import { afterEach, expect, test } from 'vitest';
import { readModelDirectory } from './models/model-directory.js';
import { tinyModel } from './tiny-model.test-help.js';
import { Tokenizer } from './tokenizer.js';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const remove of cleanUp.splice(0)) await remove();
});

interface Files {
  readonly tokenizer: object;
  readonly config?: object;
  readonly tokenizerConfig?: object;
}

async function read({ tokenizer, config, tokenizerConfig = {} }: Files): Promise<Tokenizer> {
  const files = {
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': { model_max_length: 16, ...tokenizerConfig },
    'config.json': { model_type: 'bert', hidden_size: 1, max_position_embeddings: 16, ...config },
  };
  const tiny = await tinyModel({ table: [[0]] }, files);
  cleanUp.push(tiny.remove);
  return Tokenizer.read(await readModelDirectory('lab/tiny', tiny.directory));
}

const special = (...tokens: string[]): object[] =>
  tokens.map((content, id) => ({ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false }));

const wordPieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'one', 'One', 'cafe', 'café', '中文', '中', '文'];

const wordPiece = (normalizer: object | null): object => ({
  version: '1.0',
  added_tokens: special('[PAD]', '[UNK]', '[CLS]', '[SEP]'),
  normalizer,
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: { type: 'BertProcessing', sep: ['[SEP]', 3], cls: ['[CLS]', 2] },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(wordPieces.map((piece, id) => [piece, id])),
  },
});

const bert = (lowercase: boolean): object => ({
  type: 'BertNormalizer',
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase,
});

const piecesOf = async (tokenizer: Tokenizer, text: string): Promise<string[]> =>
  (await tokenizer.tokenize(text, false)).map(({ id }) => wordPieces[id] ?? '?');

test.each([
  ['BertTokenizer', false, {}, ['one', 'one', 'cafe', '中', '文']],
  ['BertTokenizer', true, { do_lower_case: false }, ['one', 'One', '[UNK]', '中', '文']],
  ['BertTokenizerFast', true, { strip_accents: false }, ['one', 'one', 'café', '中', '文']],
  ['DistilBertTokenizer', true, { tokenize_chinese_chars: false }, ['one', 'one', 'cafe', '中文']],
  ['MPNetTokenizer', true, { do_lower_case: false }, ['one', 'One', '[UNK]', '中', '文']],
  ['ElectraTokenizer', false, { do_lower_case: true }, ['one', 'one', 'cafe', '中', '文']],
  [undefined, false, { do_lower_case: true }, ['one', 'one', 'cafe', '中', '文']],
  ['PreTrainedTokenizerFast', false, { do_lower_case: true }, ['one', 'One', '[UNK]', '中', '文']],
  ['RobertaTokenizer', true, { do_lower_case: false }, ['one', 'one', 'cafe', '中', '文']],
])('%s over a normalizer with lowercase %s: %j', async (tokenizer_class, lowercase, fields, pieces) => {
  const tokenizer = await read({ tokenizer: wordPiece(bert(lowercase)), tokenizerConfig: { tokenizer_class, ...fields } });
  expect(await piecesOf(tokenizer, 'one One Café 中文')).toEqual(pieces);
});

test('without a tokenizer class the model’s type tells which normalizer the configuration changes', async () => {
  const files = { tokenizer: wordPiece(bert(true)), tokenizerConfig: { do_lower_case: false } };
  expect(await piecesOf(await read({ ...files, config: { model_type: 'electra' } }), 'One')).toEqual(['One']);
  expect(await piecesOf(await read({ ...files, config: { model_type: 'modernbert' } }), 'One')).toEqual(['one']);
});

const bytePieces = ['<s>', '<pad>', '</s>', 'o', 'n', 'e', 'Ġ', 'on', 'one', 'Ġone'];

const byteLevel = (add_prefix_space: boolean): object => ({
  version: '1.0',
  added_tokens: special('<s>', '<pad>', '</s>'),
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex: true },
  post_processor: { type: 'RobertaProcessing', sep: ['</s>', 2], cls: ['<s>', 0], trim_offsets: true, add_prefix_space },
  model: {
    type: 'BPE',
    vocab: Object.fromEntries(bytePieces.map((piece, id) => [piece, id])),
    merges: ['o n', 'on e', 'Ġ one'],
  },
});

test.each([
  ['RobertaTokenizer', false, {}, 'one'],
  ['RobertaTokenizer', false, { add_prefix_space: true }, 'Ġone'],
  ['RobertaTokenizer', true, {}, 'one'],
  ['GPT2Tokenizer', true, { add_prefix_space: false }, 'one'],
  ['LongformerTokenizerFast', true, { add_prefix_space: true }, 'Ġone'],
  ['Qwen2Tokenizer', true, {}, 'one'],
  [undefined, true, {}, 'one'],
  ['PreTrainedTokenizerFast', false, {}, 'one'],
])('%s over a file with add_prefix_space %s: %j', async (tokenizer_class, inFile, fields, first) => {
  const tokenizer = await read({
    tokenizer: byteLevel(inFile),
    tokenizerConfig: { tokenizer_class, ...fields },
    config: { model_type: 'roberta' },
  });
  const tokens = await tokenizer.tokenize('one one', true);
  expect(tokens.map(({ id }) => bytePieces[id])).toEqual(['<s>', first, 'Ġone', '</s>']);
});

test('a file’s own truncation and padding have no effect', async () => {
  const truncation = { direction: 'Right', max_length: 3, strategy: 'LongestFirst', stride: 0 };
  const padding = { strategy: { Fixed: 9 }, direction: 'Right', pad_to_multiple_of: null, pad_id: 0, pad_type_id: 0, pad_token: '[PAD]' };
  const tokenizer = await read({ tokenizer: { ...wordPiece(bert(true)), truncation, padding } });
  expect([...(await tokenizer.encode('one cafe one')).ids]).toEqual([2, 4, 6, 4, 3]);
  expect([...(await tokenizer.encode('one')).ids]).toEqual([2, 4, 3]);
});

test('a long text loses its beginning where the model’s files say so', async () => {
  const text = 'cafe '.repeat(20_000) + 'one '.repeat(13);
  const ids = [2, 6, ...Array<number>(13).fill(4), 3];
  const left = await read({ tokenizer: wordPiece(bert(true)), tokenizerConfig: { truncation_side: 'left' } });
  expect(await left.encode(text)).toMatchObject({ ids: Int32Array.from(ids), tokens: 14, truncated: true });
  const truncation = { direction: 'Left', max_length: 3, strategy: 'LongestFirst', stride: 0 };
  const byFile = await read({ tokenizer: { ...wordPiece(bert(true)), truncation } });
  expect([...(await byFile.encode(text)).ids]).toEqual(ids);
  const right = await read({ tokenizer: { ...wordPiece(bert(true)), truncation }, tokenizerConfig: { truncation_side: 'right' } });
  expect([...(await right.encode(text)).ids]).toEqual([2, ...Array<number>(14).fill(6), 3]);
});

test('a text without a token for a part of it is an error that names the file, and fails no other text', async () => {
  const vocab = [
    ['<s>', 0],
    ['</s>', 0],
    ['▁', -2],
    ['a', -3],
  ];
  const unigram = {
    version: '1.0',
    added_tokens: special('<s>', '</s>'),
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    post_processor: { type: 'BertProcessing', sep: ['</s>', 1], cls: ['<s>', 0] },
    model: { type: 'Unigram', unk_id: null, vocab },
  };
  const tokenizer = await read({ tokenizer: unigram });
  const results = await Promise.allSettled(['a', 'b', 'aa'].map((text) => tokenizer.encode(text)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await expect(tokenizer.encode('b')).rejects.toMatchObject({
    code: 'failed_precondition',
    message: expect.stringMatching(/^model lab\/tiny: tokenizer.json cannot encode a text: .*unk_id/),
  });
});

test('a file that Hugging Face’s own tokenizers do not read is named with their reason', async () => {
  const broken = { ...wordPiece(bert(true)), pre_tokenizer: { type: 'NoSuchThing' } };
  await expect(read({ tokenizer: broken })).rejects.toMatchObject({
    code: 'failed_precondition',
    message: expect.stringContaining('tokenizer.json cannot be used: '),
  });
});

const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
const unigramPieces = ['<s>', '</s>', '<unk>', '▁', 'a', ...bytes, 'word'];
const unigram = {
  version: '1.0',
  added_tokens: [
    ...special('<s>', '</s>'),
    { id: unigramPieces.length - 1, content: 'word', special: false, single_word: true, lstrip: false, rstrip: false, normalized: false },
  ],
  pre_tokenizer: metaspace,
  post_processor: { type: 'BertProcessing', sep: ['</s>', 1], cls: ['<s>', 0] },
  model: {
    type: 'Unigram',
    unk_id: 2,
    byte_fallback: true,
    vocab: unigramPieces.slice(0, -1).map((piece, id) => [piece, id < 3 ? 0 : -id]),
  },
};

test.each([
  ['🍣', ['▁', '<0xF0>', '<0x9F>', '<0x8D>', '<0xA3>']],
  ['a\r\na', ['▁', 'a', '<0x0D>', '<0x0A>', 'a']],
  ['a word', ['▁', 'a', '▁', 'word']],
])('a Unigram model with byte_fallback, and a token that is a single word: %j', async (text, pieces) => {
  const tokens = await (await read({ tokenizer: unigram })).tokenize(text, false);
  expect(tokens.map(({ id }) => unigramPieces[id])).toEqual(pieces);
});

test.each([
  ['Unigram', unigram, 'a'.repeat(130_000), 14],
  ['BPE', byteLevel(false), 'one'.repeat(50_000), 14],
])('a %s text of 130,000 tokens is cut like a short one', async (_, definition, text, tokens) => {
  const cut = await (await read({ tokenizer: definition, config: { model_type: 'gpt2' } })).encode(text);
  expect(cut).toMatchObject({ tokens, truncated: true });
  expect(cut.dropped).toBeGreaterThan(20_000);
});
