// Steps of the content stage that say what they are told, and messages for them.

import type {
  ContentFacts,
  ContentMessage,
  ContentStep,
  StepVerdict,
} from '#shared/contracts/content.ts'
import type { EnvelopeRecipient, SmtpEnvelope, StashedBytes } from '#shared/contracts/spool.ts'
import { MessageIndexer } from '#shared/mail/indexer.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'

type FakeVerdict = StepVerdict | ((message: ContentMessage) => Promise<StepVerdict>)

export class FakeStep implements ContentStep {
  readonly name: string
  /** What each message looked like. */
  readonly seen: string[] = []
  readonly messages: ContentMessage[] = []
  abandoned = 0
  readonly #verdict: FakeVerdict

  constructor(name: string, verdict: FakeVerdict = { kind: 'accept' }) {
    this.name = name
    this.#verdict = verdict
  }

  begin() {
    return {
      judge: async (message: ContentMessage): Promise<StepVerdict> => {
        this.messages.push(message)
        this.seen.push(await textOf(message.open()))
        return typeof this.#verdict === 'function' ? this.#verdict(message) : this.#verdict
      },
      abandon: () => {
        this.abandoned += 1
      },
    }
  }
}

export const recipient = (address: string): EnvelopeRecipient => ({
  address,
  notify: [],
  originalRecipient: null,
})

export const envelope: SmtpEnvelope = {
  sender: 'sender@remote.test',
  recipients: [recipient('ann@example.test'), recipient('bob@example.test')],
  body: '8BITMIME',
  smtpUtf8: false,
  requireTls: false,
  dsnReturn: null,
  dsnEnvelopeId: null,
}

export function contentFacts(changes: Partial<ContentFacts> = {}): ContentFacts {
  return {
    queueId: newQueueId(Date.UTC(2026, 10, 20)),
    origin: {
      listener: 'smtp',
      remoteAddress: '192.0.2.1',
      remotePort: 4711,
      helo: 'client.test',
      tls: null,
      account: null,
    },
    envelope,
    session: {},
    ...changes,
  }
}

export function contentMessage(text: string, changes: Partial<ContentMessage> = {}) {
  const bytes = Buffer.from(text, 'latin1')
  const indexer = new MessageIndexer()
  indexer.push(bytes)
  const message: ContentMessage = {
    spooled: {
      queueId: newQueueId(Date.UTC(2026, 10, 20)),
      index: indexer.finish(),
      isSigned: false,
      isDisallowed: false,
      deliveredTo: [],
    },
    envelope,
    header: text.slice(0, text.indexOf('\r\n\r\n') + 2),
    onTop: '',
    open: () => piecesOf(bytes),
    stash: async (source) => stashed(await textOf(source)),
    ...changes,
  }
  return message
}

export function stashed(text: string): StashedBytes {
  return { bytes: text.length, open: () => piecesOf(Buffer.from(text, 'latin1')) }
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const size = 60_000
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(bytes)).toString('latin1')
}
