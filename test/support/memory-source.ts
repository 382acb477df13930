// A mailbox of another server that is in memory: folders by their path, each a list of messages.

import type { MailSource } from '#shared/moving/mailboxes/source.ts'

export function memorySource({
  identity,
  folders,
  beforeRead = async () => {},
}: {
  readonly identity: string
  readonly folders: { readonly [path: string]: readonly string[] }
  /** Of each message, by its number. */
  readonly beforeRead?: (uid: number) => Promise<void>
}): MailSource {
  const all = Object.keys(folders).map((path) => ({
    names: path.split('/'),
    uses: [],
    selectable: true,
  }))
  return {
    identity,
    folders: async () => all,
    async open({ names }) {
      const texts = folders[names.join('/')] ?? []
      return {
        numbers: { uidValidity: 7, uidNext: texts.length + 1, highestModSeq: undefined },
        count: texts.length,
        async *messages() {
          for (const [n, text] of texts.entries()) {
            const internalDateMs = 1_000_000_000_000 + n * 1_000
            yield {
              ...{ key: `7.${n + 1}`, uid: n + 1, flags: ['\\Seen'], bytes: text.length },
              ...{ internalDateMs, saveDateMs: undefined, popId: undefined },
            }
          }
        },
        async *read(messages) {
          for (const message of messages) {
            await beforeRead(message.uid ?? 0)
            yield { message, bytes: only(Buffer.from(texts[(message.uid ?? 0) - 1] ?? '')) }
          }
        },
        close: async () => {},
      }
    },
    subscriptions: async () => undefined,
    scripts: async () => [],
    notes: () => [],
    close: async () => {},
  }
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
