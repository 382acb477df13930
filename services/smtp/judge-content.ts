// Asks the content stage about a message and has it changed as that wants. Called by judge-message.ts once policy is content.

import type { ContentTrace, ContentVerdict } from '#shared/contracts/content.ts'
import type { EnvelopeRecipient, Spooled, Stash } from '#shared/contracts/spool.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { envelopeOf } from './transaction.ts'
import type { WholeMessage } from './whole-message.ts'

/** What is wanted of a message that is taken; what belongs to it from its transaction on is noted there. */
export type AcceptedContent = {
  readonly kind: 'accept'
  /** As it is stored now. */
  readonly spooled: Spooled
  /** Header fields above our Received field, and right before what is stored. */
  readonly above: ByteString
  readonly below: ByteString
  /** Undefined: as it was. */
  readonly sender?: string
  readonly recipients: readonly EnvelopeRecipient[]
  /** Why it goes into Junk. */
  readonly junk?: string
  readonly trail: readonly ContentTrace[]
  readonly warnings: readonly string[]
}

export type ContentOutcome = AcceptedContent | Exclude<ContentVerdict, { readonly kind: 'accept' }>

/** Where it rejects, the message is stored as before. `prepend`: fields that the message's own list gave. */
export async function judgeContent(
  message: WholeMessage,
  prepend: ByteString,
): Promise<ContentOutcome> {
  const { transaction, spooled } = message
  const { recipients } = transaction
  const above = prepend + [...transaction.fields].join('')
  const plain = { kind: 'accept', spooled, above, below: '', recipients } as const
  if (message.content === undefined) return { ...plain, trail: [], warnings: [] }
  const stashes: Stash[] = []
  try {
    const verdict = await message.content.judge(messageFor(message, above, stashes))
    if (verdict.kind !== 'accept') return verdict
    const { rewriting, onTop, beforeStored, sender, junk, trail, warnings } = verdict
    transaction.hold ??= verdict.hold
    transaction.redirect = verdict.redirect ?? transaction.redirect
    transaction.filter = verdict.filter ?? transaction.filter
    return {
      ...plain,
      ...(rewriting && { spooled: await message.session.deps.spool.rewrite(spooled, rewriting) }),
      above: onTop + above,
      below: beforeStored,
      recipients: verdict.recipients ?? recipients,
      trail,
      warnings,
      ...(sender !== undefined && { sender }),
      ...(junk !== undefined && { junk }),
    }
  } finally {
    await Promise.all(stashes.map((stash) => stash.discard()))
  }
}

/** `stashes`: gets what is to be discarded when all is decided. */
function messageFor(
  { session, transaction, spooled, header }: WholeMessage,
  onTop: ByteString,
  stashes: Stash[],
) {
  const { spool } = session.deps
  const { judged } = transaction
  return {
    spooled,
    envelope: envelopeOf(transaction),
    header,
    onTop,
    ...(judged && { judged }),
    open: () => spool.open(spooled),
    async stash(bytes: AsyncIterable<Uint8Array>) {
      const stash = await spool.stash(bounded(bytes, session.options.messageSizeLimit))
      stashes.push(stash)
      return stash
    },
  }
}

/** A filter makes no more of a message than its sender might. */
async function* bounded(
  source: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new TemporaryFailure(`a filter makes more than ${bytesMax} bytes`)
    yield chunk
  }
}
