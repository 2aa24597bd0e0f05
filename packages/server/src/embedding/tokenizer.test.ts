import { expect, test } from 'vitest';
import { readModelDirectory } from './models/model-directory.js';
import { readReference, miniLm, miniLmName } from './testing.js';
import { idsOf, tinyModel } from './tiny-model.test-help.js';
import { Tokenizer } from './tokenizer.js';

const description = await readModelDirectory(miniLmName, miniLm);
const tokenizer = await Tokenizer.read(description);
const unlimited = await Tokenizer.read({ ...description, maxTokens: 1_000_000 });

/** Only its ids, special tokens included. */
const idsOfText = async (text: string, of = tokenizer): Promise<number[]> => [...(await of.encode(text)).ids];

test('word pieces are counted without the special tokens', async () => {
  expect(await tokenizer.encode('how to reset password')).toMatchObject({ tokens: 4, truncated: false });
  expect(await idsOfText('how to reset password')).toEqual([101, 2129, 2000, 25141, 20786, 102]);
});

test('the counts are those of Python’s tokenizer', async () => {
  const { texts, tokens } = await readReference();
  expect((await Promise.all(texts.map((text) => idsOfText(text)))).map(({ length }) => length)).toEqual(tokens);
});

test('a long text is cut to the model’s length with its last special token kept', async () => {
  const { ids, tokens, truncated } = await tokenizer.encode('word '.repeat(300));
  expect([ids.length, tokens, truncated, ids[0], ids[255]]).toEqual([256, 254, true, 101, 102]);
  expect((await tokenizer.encode('word '.repeat(254))).truncated).toBe(false);
});

test('read in chunks, a long text gives the same tokens as read at once', async () => {
  const word = (i: number): string => ['naïve', 'x'.repeat(i % 130), '你好', 'it’s', '\u0000z', '—', 'embedding'][i % 7] ?? '';
  const separators = [' ', '\n', '\t', '  ', '\u000b', '\u00a0'];
  const words = Array.from({ length: 4000 }, (_, i) => word(i) + (separators[i % 6] ?? ''));
  const ids = await idsOfText(words.join(''), unlimited);
  const parts = words.join('').split(/(?<=[ \n\t])/);
  const piecewise = await Promise.all(parts.map((part) => idsOfText(part, unlimited)));
  expect(ids.slice(1, -1)).toEqual(piecewise.flatMap((part) => part.slice(1, -1)));
});

test('of megabytes that are no words, only so much is read', async () => {
  for (const text of ['x'.repeat(9_000_000), '\u0000'.repeat(9_000_000)]) {
    const { tokens, truncated } = await tokenizer.encode(text);
    expect([tokens <= 254, truncated]).toEqual([true, true]);
  }
  const chinese = '你好'.repeat(100_000);
  expect(await tokenizer.encode(chinese)).toMatchObject({ tokens: 254, truncated: true });
  expect(await idsOfText(chinese)).toEqual(await idsOfText('你好'.repeat(500)));
});

test('a megabyte of words costs no more than its first tokens', async () => {
  expect(await tokenizer.encode('two words '.repeat(100_000))).toMatchObject({ tokens: 254, truncated: true });
});

test('what is cut off is counted', async () => {
  expect(await tokenizer.encode('word '.repeat(300))).toMatchObject({ tokens: 254, dropped: 46 });
  expect(await tokenizer.encode('word '.repeat(3000))).toMatchObject({ tokens: 254, dropped: 2746 });
  expect(await tokenizer.encode('word')).toMatchObject({ dropped: 0 });
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

test('a text’s tokens have their places in it, past the model’s length too; only those around it are special', async () => {
  const tokens = await tokenizer.tokenize('Embeddings [SEP]', true);
  expect(tokens.map(({ id }) => id)).toEqual([101, 7861, 8270, 4667, 2015, 102, 102]);
  expect(tokens.map(({ text }) => text)).toEqual(['[CLS]', 'Em', 'bed', 'ding', 's', '[SEP]', '[SEP]']);
  expect(tokens.map(({ special }) => special)).toEqual([true, false, false, false, false, false, true]);
  expect(tokens.map(({ start, stop }) => [start, stop])).toEqual([
    [null, null],
    [0, 2],
    [2, 5],
    [5, 9],
    [9, 10],
    [11, 16],
    [null, null],
  ]);
  expect((await tokenizer.tokenize('a b', false)).map(({ text }) => text)).toEqual(['a', 'b']);
  expect(await tokenizer.tokenize('word '.repeat(300), true)).toHaveLength(302);
});

test('places count characters, in every chunk of a long text', async () => {
  const text = '🍣 İstanbul 𠮷 cat\n'.repeat(300);
  const characters = Array.from(text);
  const tokens = await tokenizer.tokenize(text, false);
  expect(tokens.filter((token) => token.text === 'cat')).toHaveLength(300);
  for (const { text: shown, start, stop } of tokens) expect(characters.slice(start ?? -1, stop ?? -1).join('')).toBe(shown);
});

test('white space around a text makes no difference', async () => {
  expect(await tokenizer.encode('\n how to \t')).toEqual(await tokenizer.encode('how to'));
  expect(await tokenizer.encode('\u0085\u001f\u3000how to\u001c')).toEqual(await tokenizer.encode('how to'));
});

test('a model that puts its texts into lower case gets them so, and its tokens have the places of the given text', async () => {
  const tiny = await tinyModel({ table: [[0]] }, { 'sentence_bert_config.json': { max_seq_length: 8, do_lower_case: true } });
  const lower = await Tokenizer.read(await readModelDirectory('lab/tiny', tiny.directory)).finally(tiny.remove);
  expect(await idsOfText('ONE Two', lower)).toEqual(idsOf('one', 'two'));
  const tokens = await lower.tokenize('İİ ONE', false);
  expect(tokens.map(({ text, start, stop }) => [text, start, stop])).toEqual([
    ['İİ', 0, 2],
    ['ONE', 3, 6],
  ]);
});

// The ids are those of the Python package tokenizers 0.23.
test.each([
  ['ΟΔΟΣ ΕΡΜΟΥ ΑΘΗΝΑΣ', [1169, 29722, 29730, 29733, 1159, 29732, 29728, 26789, 1155, 29725, 24824, 16177, 14608, 29733]],
  ['ΑΣ, ΣΑΣ.', [1155, 29733, 1010, 1173, 14608, 29733, 1012]],
  ['İstanbul ΆΣ', [9960, 1155, 29733]],
  ['𠮷lunch special', [100, 6265, 2569]],
  ['The 𠀋restaurant𠀋 opens', [1996, 100, 4825, 100, 7480]],
  ['中文𪛖x', [1746, 1861, 100, 1060]],
  ['［SEP］ ＜s＞', [100, 19802, 100, 100]],
  ['x\u1df9y\u{1e4ec}z', [100]],
])('%s has the tokens that it has by Hugging Face’s own tokenizers', async (text, ids) => {
  expect((await tokenizer.tokenize(text, false)).map(({ id }) => id)).toEqual(ids);
  expect(await idsOfText(text)).toEqual([101, ...ids, 102]);
});
