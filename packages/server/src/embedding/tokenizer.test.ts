import { expect, test } from 'vitest';
import { asRustNormalizes } from './as-rust-normalizes.js';
import { readModelDirectory } from './models/model-directory.js';
import { readReference, miniLm, miniLmName } from './testing.js';
import { idsOf, tinyModel } from './tiny-model.test-help.js';
import { Tokenizer } from './tokenizer.js';

const description = await readModelDirectory(miniLmName, miniLm);
const tokenizer = await Tokenizer.read(description);
const unlimited = await Tokenizer.read({ ...description, maxTokens: 1_000_000 });

test('word pieces are counted without the special tokens', () => {
  expect(tokenizer.encode('how to reset password')).toMatchObject({ tokens: 4, truncated: false });
  expect([...tokenizer.encode('how to reset password').ids]).toEqual([101, 2129, 2000, 25141, 20786, 102]);
});

test('the counts are those of Python’s tokenizer', async () => {
  const { texts, tokens } = await readReference();
  expect(texts.map((text) => tokenizer.encode(text).ids.length)).toEqual(tokens);
});

test('a long text is cut to the model’s length with its last special token kept', () => {
  const { ids, tokens, truncated } = tokenizer.encode('word '.repeat(300));
  expect([ids.length, tokens, truncated, ids[0], ids[255]]).toEqual([256, 254, true, 101, 102]);
  expect(tokenizer.encode('word '.repeat(254)).truncated).toBe(false);
});

test('read in chunks, a long text gives the same tokens as read at once', () => {
  const word = (i: number): string => ['naïve', 'x'.repeat(i % 130), '你好', 'it’s', '\u0000z', '—', 'embedding'][i % 7] ?? '';
  const separators = [' ', '\n', '\t', '  ', '\u000b', '\u00a0'];
  const words = Array.from({ length: 4000 }, (_, i) => word(i) + (separators[i % 6] ?? ''));
  const text = words.join('');
  const { ids } = unlimited.encode(text);
  const piecewise = words
    .join('')
    .split(/(?<=[ \n\t])/)
    .flatMap((part) => Array.from(unlimited.encode(part).ids).slice(1, -1));
  expect(Array.from(ids).slice(1, -1)).toEqual(piecewise);
});

test('of megabytes that are no words, only so much is read', () => {
  for (const text of ['x'.repeat(9_000_000), '\u0000'.repeat(9_000_000)]) {
    const { tokens, truncated } = tokenizer.encode(text);
    expect([tokens <= 254, truncated]).toEqual([true, true]);
  }
  const chinese = '你好'.repeat(100_000);
  expect(tokenizer.encode(chinese)).toMatchObject({ tokens: 254, truncated: true });
  expect([...tokenizer.encode(chinese).ids]).toEqual([...tokenizer.encode('你好'.repeat(500)).ids]);
});

test('a megabyte of words costs no more than its first tokens', () => {
  expect(tokenizer.encode('two words '.repeat(100_000))).toMatchObject({ tokens: 254, truncated: true });
});

test('what is cut off is counted', () => {
  expect(tokenizer.encode('word '.repeat(300))).toMatchObject({ tokens: 254, dropped: 46 });
  expect(tokenizer.encode('word '.repeat(3000))).toMatchObject({ tokens: 254, dropped: 2746 });
  expect(tokenizer.encode('word')).toMatchObject({ dropped: 0 });
});

test('token ids are taken as they are, with the special tokens that they lack', () => {
  const ids = [2129, 2000, 25141, 20786];
  const whole = [101, ...ids, 102];
  for (const given of [ids, [101, ...ids], [...ids, 102], whole]) {
    expect([...tokenizer.encodeIds(given, 'input').ids]).toEqual(whole);
    expect(tokenizer.encodeIds(given, 'input').tokens).toBe(4);
  }
  expect([...tokenizer.encodeIds([], 'input').ids]).toEqual([101, 102]);
  expect(
    tokenizer.encodeIds(
      Array.from({ length: 300 }, () => 2000),
      'input',
    ),
  ).toMatchObject({ tokens: 254, dropped: 46 });
});

test('an id that is no token is refused by its place', () => {
  expect(tokenizer.encodeIds([30521], 'input').tokens).toBe(1);
  for (const wrong of [30522, -1, 1.5, Number.NaN]) {
    expect(() => tokenizer.encodeIds([5, wrong], 'input[3]')).toThrow(
      `input[3][1] is ${wrong}, which is no token of the model: 0 to 30521`,
    );
  }
});

test('a text’s tokens are told with their pieces and which are special, past the model’s length too', () => {
  expect(tokenizer.tokenize('Embeddings [SEP]', true)).toEqual({
    ids: [101, 7861, 8270, 4667, 2015, 102, 102],
    tokens: ['[CLS]', 'em', '##bed', '##ding', '##s', '[SEP]', '[SEP]'],
    special: [true, false, false, false, false, true, true],
  });
  expect(tokenizer.tokenize('a b', false).tokens).toEqual(['a', 'b']);
  expect(tokenizer.tokenize('word '.repeat(300), true).ids).toHaveLength(302);
});

test('white space around a text makes no difference', () => {
  expect(tokenizer.encode('\n how to \t')).toEqual(tokenizer.encode('how to'));
});

test('a model that puts its texts into lower case gets them so', async () => {
  const tiny = await tinyModel({ table: [[0]] }, { 'sentence_bert_config.json': { max_seq_length: 8, do_lower_case: true } });
  const lower = await Tokenizer.read(await readModelDirectory('lab/tiny', tiny.directory)).finally(tiny.remove);
  expect([...lower.encode('ONE Two').ids]).toEqual(idsOf('one', 'two'));
});

// The ids are those of the Python package tokenizers 0.23.
test.each([
  ['ΟΔΟΣ ΕΡΜΟΥ ΑΘΗΝΑΣ', [1169, 29722, 29730, 29733, 1159, 29732, 29728, 26789, 1155, 29725, 24824, 16177, 14608, 29733]],
  ['ΑΣ, ΣΑΣ.', [1155, 29733, 1010, 1173, 14608, 29733, 1012]],
  ['İstanbul ΆΣ', [9960, 1155, 29733]],
  ['𠮷lunch special', [100, 6265, 2569]],
  ['The 𠀋restaurant𠀋 opens', [1996, 100, 4825, 100, 7480]],
  ['中文𪛖x', [1746, 1861, 100, 1060]],
])('%s is put into lower case and parted at ideographs as by Hugging Face’s own tokenizers', (text, ids) => {
  expect(tokenizer.tokenize(text, false).ids).toEqual(ids);
  expect([...tokenizer.encode(text).ids]).toEqual([101, ...ids, 102]);
});

test('a tokenizer that keeps capitals and ideographs as they are gets them so', async () => {
  const untouched = { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: false, strip_accents: null, lowercase: false };
  const read = asRustNormalizes({ type: 'Sequence', normalizers: [{ type: 'NFC' }, untouched] });
  expect(read('ΟΔΟΣ 𠮷lunch')).toBe('ΟΔΟΣ 𠮷lunch');
  expect(asRustNormalizes(null)('ΟΔΟΣ')).toBe('ΟΔΟΣ');
  expect(asRustNormalizes({ type: 'Sequence', normalizers: [{ type: 'Lowercase' }] })('ΟΔΟΣ')).toBe('ΟΔΟσ');
});
