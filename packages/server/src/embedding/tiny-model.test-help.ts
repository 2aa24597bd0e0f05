// Models small enough to check by hand: the vector of a token is a row of a table. The ONNX file is written here, field by field.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the tiny tokenizer knows: its ids are the positions here. */
export const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'one', 'two', 'three', 'four'];
const CLS = 2;
const SEP = 3;

/** The ids of a text of these words as the model gets them. */
export const idsOf = (...words: string[]): number[] => [CLS, ...words.map((word) => vocabulary.indexOf(word)), SEP];

export interface TinyOnnx {
  /** A row a token; the width is the model's. */
  readonly table: readonly (readonly number[])[];
  /** The outputs, each the rows of `lookup`, or the largest of each column over a text's rows. */
  readonly outputs?: readonly TinyOutput[];
  /** Default input_ids and attention_mask. */
  readonly inputs?: readonly string[];
  /** The input whose values are looked up in the table. Default input_ids. */
  readonly lookup?: string;
  readonly integers?: 'int32' | 'int64';
  /** The table's values lie in this file. */
  readonly externalData?: string;
  /** Of the ONNX file and its data. Default onnx. */
  readonly folder?: 'onnx' | '';
  /** Tokens are rounded to bytes on a scale of everything that runs together, as dynamic int8 does. */
  readonly rounds?: boolean;
}

interface TinyOutput {
  readonly name: string;
  readonly holds: 'tokens' | 'vectors';
  /** Vectors come twice, one behind the other; the file says how wide that is, or not. */
  readonly twice?: 'said' | 'unsaid';
}

/** A model directory in a folder of its own. Files replace those that it would have; undefined leaves one out. */
export async function tinyModel(
  onnx: TinyOnnx,
  files: Readonly<Record<string, object | Uint8Array | undefined>> = {},
): Promise<{ directory: string; remove: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'voisin-tiny-'));
  const width = onnx.table[0]?.length ?? 0;
  const { folder = 'onnx' } = onnx;
  const all: Record<string, object | Uint8Array | undefined> = {
    'config.json': { model_type: 'bert', hidden_size: width, max_position_embeddings: 16, pad_token_id: 0 },
    'tokenizer_config.json': { tokenizer_class: 'BertTokenizer', model_max_length: 16 },
    'tokenizer.json': tokenizer(),
    [join(folder, 'model.onnx')]: onnxFile(onnx),
    ...(onnx.externalData === undefined ? {} : { [join(folder, onnx.externalData)]: tableBytes(onnx) }),
    ...files,
  };
  for (const [file, content] of Object.entries(all)) {
    if (content === undefined) continue;
    await mkdir(join(directory, file, '..'), { recursive: true });
    await writeFile(join(directory, file), content instanceof Uint8Array ? content : JSON.stringify(content));
  }
  return { directory, remove: () => rm(directory, { recursive: true }) };
}

function tokenizer(): object {
  const special = (content: string) => ({
    id: vocabulary.indexOf(content),
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  return {
    version: '1.0',
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]'].map(special),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: false },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: { '[CLS]': { id: '[CLS]', ids: [CLS], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [SEP], tokens: ['[SEP]'] } },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
    },
  };
}

/** A tensor by name in the safetensors format, float32. */
export function safetensors(tensors: Readonly<Record<string, readonly (readonly number[])[] | readonly number[]>>): Buffer {
  const values: number[] = [];
  const header = Object.entries(tensors).map(([name, rows]) => {
    const flat = rows.flat();
    const from = values.length * 4;
    values.push(...flat);
    const first = rows[0];
    const shape = Array.isArray(first) ? [rows.length, first.length] : [rows.length];
    return [name, { dtype: 'F32', shape, data_offsets: [from, values.length * 4] }];
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.from(Float32Array.from(values).buffer)]);
}

const tableBytes = ({ table }: TinyOnnx): Buffer => Buffer.from(Float32Array.from(table.flat()).buffer);

// Protocol buffers: a field is its number and wire type, then a varint (0) or a length and bytes (2). Numbers of fields: onnx.proto.
const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))]);
const integer = (field: number, value: number): Buffer => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field: number, value: Buffer | string): Buffer => {
  const content = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
};
const message = (field: number, ...parts: Buffer[]): Buffer => bytes(field, Buffer.concat(parts));

const node = (operator: string, inputs: readonly string[], outputs: readonly string[]): Buffer =>
  message(1, ...inputs.map((name) => bytes(1, name)), ...outputs.map((name) => bytes(2, name)), bytes(4, operator));

const types = { float: 1, int32: 6, int64: 7 };
const opset = 17;

export function onnxFile(onnx: TinyOnnx): Buffer {
  const { inputs = ['input_ids', 'attention_mask'], lookup = 'input_ids', integers = 'int64', rounds = false } = onnx;
  const { outputs = [{ name: 'last_hidden_state', holds: 'tokens' }] } = onnx;
  const nodes = outputs.map(({ name, holds, twice }) => {
    const rows = holds === 'tokens' ? name : `${name}_rows`;
    const gather = rounds
      ? Buffer.concat([
          node('Gather', ['table', lookup], [`${rows}_exact`]),
          node(
            'DynamicQuantizeLinear',
            [`${rows}_exact`],
            ['bytes', 'scale', 'zero'].map((part) => `${rows}_${part}`),
          ),
          node(
            'DequantizeLinear',
            ['bytes', 'scale', 'zero'].map((part) => `${rows}_${part}`),
            [rows],
          ),
        ])
      : node('Gather', ['table', lookup], [rows]);
    if (holds === 'tokens') return gather;
    const axes = message(5, bytes(1, 'axes'), integer(8, 1), integer(20, 7));
    const keep = message(5, bytes(1, 'keepdims'), integer(3, 0), integer(20, 2));
    const once = twice === undefined ? name : `${name}_once`;
    const most = message(1, bytes(1, rows), bytes(2, once), bytes(4, 'ReduceMax'), axes, keep);
    const axis = message(5, bytes(1, 'axis'), integer(3, 1), integer(20, 2));
    const both = message(1, bytes(1, once), bytes(1, once), bytes(2, name), bytes(4, 'Concat'), axis);
    return Buffer.concat([gather, most, ...(twice === undefined ? [] : [both])]);
  });
  const graph = message(
    7,
    ...nodes,
    bytes(2, 'tiny'),
    tableTensor(onnx),
    ...inputs.map((name) => message(11, ...valueInfo(name, types[integers], ['texts', 'tokens']))),
    ...outputs.map(({ name, holds, twice }) => {
      const values = twice === 'said' ? 2 * (onnx.table[0]?.length ?? 0) : 'values';
      return message(12, ...valueInfo(name, types.float, holds === 'tokens' ? ['texts', 'tokens', values] : ['texts', values]));
    }),
  );
  return Buffer.concat([integer(1, 8), graph, message(8, integer(2, opset))]);
}

function tableTensor(onnx: TinyOnnx): Buffer {
  const { table, externalData } = onnx;
  const head = [integer(1, table.length), integer(1, table[0]?.length ?? 0), integer(2, types.float), bytes(8, 'table')];
  if (externalData === undefined) return message(5, ...head, bytes(9, tableBytes(onnx)));
  return message(5, ...head, message(13, bytes(1, 'location'), bytes(2, externalData)), integer(14, 1));
}

function valueInfo(name: string, type: number, dimensions: readonly (string | number)[]): Buffer[] {
  const shape = message(2, ...dimensions.map((one) => message(1, typeof one === 'number' ? integer(1, one) : bytes(2, one))));
  return [bytes(1, name), message(2, message(1, integer(1, type), shape))];
}
