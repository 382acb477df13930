// What the content stage hands a milter's step, for tests: a message, and where another body is kept.

import type { MacroLists } from '#services/content/milter/macros.ts'
import type { ContentMessage } from '#shared/contracts/content.ts'
import type { SmtpEnvelope, StashedBytes } from '#shared/contracts/spool.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'

export const noMacros: MacroLists = {
  connect: [],
  helo: [],
  mail: [],
  recipient: [],
  data: [],
  endOfMessage: [],
  endOfHeader: [],
}

export const someEnvelope: SmtpEnvelope = {
  sender: 'a@example.org',
  recipients: [],
  body: '7BIT',
  smtpUtf8: false,
  requireTls: false,
  dsnReturn: null,
  dsnEnvelopeId: null,
}

export class MessageContent {
  /** What was kept, as byte strings. */
  readonly stashes: Promise<string>[] = []
  readonly message: ContentMessage

  /** It is read in pieces of so many bytes. */
  constructor(bytes: string, size = 7) {
    const indexer = new MessageIndexer()
    indexer.push(Buffer.from(bytes, 'latin1'))
    const queueId = '4cQ1' as QueueId
    const index = indexer.finish()
    this.message = {
      spooled: { queueId, index, isSigned: false, isDisallowed: false, deliveredTo: [] },
      envelope: someEnvelope,
      header: bytes.slice(0, Math.max(0, index.headerBytes - 2)),
      onTop: '',
      async *open() {
        const all = Buffer.from(bytes, 'latin1')
        for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size)
      },
      stash: (source) => this.#stash(source),
    }
  }

  async #stash(source: AsyncIterable<Uint8Array>): Promise<StashedBytes> {
    const kept = (async () => {
      const chunks: Uint8Array[] = []
      for await (const chunk of source) chunks.push(chunk)
      return Buffer.concat(chunks).toString('latin1')
    })()
    this.stashes.push(kept)
    const all = await kept
    return { bytes: all.length, open: () => oneChunk(all) }
  }
}

async function* oneChunk(all: string) {
  yield Buffer.from(all, 'latin1')
}
