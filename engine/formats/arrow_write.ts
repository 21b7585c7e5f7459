import type { Schema as ArrowSchema } from 'apache-arrow';
import type { Batch } from '../batch/column.ts';
import { EngineBug } from '../errors.ts';
import { importModule } from '../host/import_module.ts';
import type { Arrow } from './arrow_export.ts';
import { arrowSchema, loadArrow, recordBatch } from './arrow_export.ts';
import type { SerialEncoder, SerialWriter, SinkSpec } from './def.ts';
import { RowGroups } from './row_groups.ts';

/** Rows of a record batch at most. */
const BATCH_ROWS = 65536;

/** Arrow IPC: the file format (with an index, for random access) or the stream format. */
export const arrowWriter: SerialWriter = {
  kind: 'serial',
  async open(spec) {
    const footer = (await importModule('apache-arrow/ipc/metadata/file')) as FooterModule;
    return new ArrowEncoder(await loadArrow(), footer, spec);
  },
};

type FooterModule = typeof import('apache-arrow/ipc/metadata/file');

const MAGIC = Buffer.from('ARROW1\0\0');
const END = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** Strings are written plainly, so there are no dictionaries: every record batch stands alone. */
class ArrowEncoder implements SerialEncoder {
  private readonly arrow: Arrow;
  private readonly footer: FooterModule;
  private readonly schema: ArrowSchema;
  private readonly groups: RowGroups;
  private readonly stream: boolean;
  private readonly blocks: InstanceType<FooterModule['FileBlock']>[] = [];
  private at = 0;

  constructor(arrow: Arrow, footer: FooterModule, spec: SinkSpec) {
    this.arrow = arrow;
    this.footer = footer;
    this.schema = arrowSchema(arrow, spec.schema);
    this.groups = new RowGroups(spec.schema, BATCH_ROWS);
    this.stream = spec.options.stream === true;
  }

  async write(batch: Batch): Promise<readonly Uint8Array[]> {
    const out: Uint8Array[] = [];
    for (const group of this.groups.push(batch)) this.emit(group, out);
    return out;
  }

  async finish(): Promise<readonly Uint8Array[]> {
    const out: Uint8Array[] = [];
    const last = this.groups.rest();
    if (last !== null) this.emit(last, out);
    this.start(out);
    out.push(END);
    if (!this.stream) {
      const footer = this.footer.Footer.encode(
        new this.footer.Footer(this.schema, this.arrow.MetadataVersion.V5, this.blocks, []),
      );
      const tail = Buffer.alloc(10);
      tail.writeInt32LE(footer.length);
      tail.write('ARROW1', 4, 'latin1');
      out.push(footer, tail);
    }
    return out;
  }

  private start(out: Uint8Array[]): void {
    if (this.at > 0) return;
    const head = this.messages([])[0];
    if (head === undefined) throw new EngineBug('an Arrow stream without a schema');
    if (!this.stream) {
      out.push(MAGIC);
      this.at += MAGIC.length;
    }
    out.push(head.bytes);
    this.at += head.bytes.length;
  }

  private emit(group: Batch, out: Uint8Array[]): void {
    this.start(out);
    const message = this.messages([recordBatch(this.arrow, this.schema, group)])[1];
    if (message === undefined) throw new EngineBug('a record batch was not written');
    this.blocks.push(new this.footer.FileBlock(message.metadata, message.bytes.length - message.metadata, this.at));
    out.push(message.bytes);
    this.at += message.bytes.length;
  }

  /** The schema message and, if there is a batch, its message, with the length of their framing and metadata. */
  private messages(batches: ReturnType<typeof recordBatch>[]): { bytes: Uint8Array; metadata: number }[] {
    const writer = new this.arrow.RecordBatchStreamWriter();
    writer.reset(undefined, this.schema);
    const stream = writer.writeAll(batches).toUint8Array(true);
    const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
    const first = 8 + view.getInt32(4, true);
    const found = [{ bytes: stream.subarray(0, first), metadata: first }];
    if (batches.length > 0) {
      const metadata = 8 + view.getInt32(first + 4, true);
      found.push({ bytes: stream.subarray(first, stream.length - END.length), metadata });
    }
    return found;
  }
}
