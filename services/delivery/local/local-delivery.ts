// Local delivery, what a local delivery agent does: finds the folder, watches the quota, appends exactly once.

import type { FinalRecipient, LocalAction, Undelivered } from '#shared/contracts/delivery.ts'
import type { AccountId, Flag, Folder } from '#shared/contracts/mailbox.ts'
import { lookupKey } from '#shared/mail/address.ts'
import { type FlagSet, flagSet, noFlags } from '#shared/mailbox/flags.ts'
import type { Mailbox } from '#shared/mailbox/port.ts'
import type { Quota } from '#shared/mailbox/quota.ts'
import type { Blob } from '#shared/mailbox/records.ts'
import type { CreatedMessage } from '#shared/queue/created-message.ts'
import type { LocalDelivery, LocalResult } from '#shared/queue/pipeline.ts'
import type { QueuedMessage } from '#shared/queue/records.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import type { Action } from '#shared/sieve/actions.ts'
import { Conflict } from '#shared/storage/ports.ts'
import { Contended } from '#shared/storage/retry-on-conflict.ts'
import type { FilteredAccount, Filtering } from './filtering/filtering.ts'

export function createLocalDelivery(deps: {
  readonly mailbox: Mailbox
  /** Undefined when the account is gone. */
  readonly account: (accountId: AccountId) => Promise<LocalAccount | undefined>
  readonly filtering: Filtering
  readonly wrapSender: (sender: string) => Promise<string>
  readonly options: {
    /** `user+folder@` and `user+above/folder@` go into that folder when it exists. */
    readonly deliverToDetailFolder: boolean
  }
  readonly clock: Clock
}): LocalDelivery {
  const { mailbox } = deps

  return async function deliverLocal(message, blob, recipient, reserved) {
    try {
      const accountId = accountFor(message, recipient)
      if (typeof accountId !== 'string') return answer(accountId)
      const account = await deps.account(accountId)
      if (account === undefined) {
        const reply = `${recipient.address}: no such account`
        return answer({ kind: 'failed', status: '5.1.1', reply })
      }
      const { quota } = account
      const letter: Letter = { message, blob, recipient, reserved, quota, account: accountId }
      const wanted = await deps.filtering.decide(message, {
        blob,
        recipient,
        account: { id: accountId, script: account.script },
        prepend: deliveryFields(recipient),
      })
      if (wanted === undefined || wanted.kind === 'failed') {
        return await deliverInto(await defaultFolder(letter), letter)
      }
      return await doActions(wanted.actions, letter)
    } catch (error) {
      if (!(error instanceof TemporaryFailure)) throw error
      const reply = `storage failed: ${error.message}`
      const contended = error instanceof Contended || error instanceof Conflict
      const failure = answer({ kind: 'deferred', status: '4.3.0', reply })
      return { ...failure, contended, uncertain: !contended }
    }
  }

  /** All that scripts want; what is to be tried again has all of it tried again. */
  async function doActions(actions: readonly Action[], letter: Letter): Promise<LocalResult> {
    const { message, recipient } = letter
    const stored = new Map<string, { readonly folder: Folder; readonly flags: FlagSet }>()
    const done: LocalResult[] = []
    const creates: CreatedMessage[] = []
    for (const action of actions) {
      switch (action.kind) {
        case 'keep':
        case 'fileinto': {
          const folder =
            action.kind === 'keep'
              ? await defaultFolder(letter)
              : await folderNamed(letter.account, action)
          // RFC 5228 §2.10.3: once; RFC 5232 §3: with the flags that were said last.
          stored.set(folder.id, { folder, flags: flagSet((action.flags ?? []) as Flag[]) })
          break
        }
        case 'redirect':
          creates.push(await redirected(message, recipient, action.to, deps.wrapSender))
          done.push(answer({ kind: 'redirected', to: action.to }))
          break
        case 'discard':
          done.push(answer({ kind: 'discarded' }))
          break
        case 'reject':
        case 'ereject': {
          const reply = oneLine(action.reason)
          done.push(answer({ kind: 'refused', status: '5.7.1', reply }))
          break
        }
      }
    }
    for (const { folder, flags } of stored.values()) {
      done.push(await deliverInto(folder, letter, flags))
    }
    return together(done, creates)
  }

  /** Once, however often it is asked: the folder remembers the blob. */
  async function deliverInto(
    folder: Folder,
    { blob, recipient, reserved, quota }: Letter,
    flags: FlagSet = noFlags,
  ): Promise<LocalResult> {
    const appended = await mailbox.append(
      folder,
      {
        blob,
        flags,
        internalDateMs: deps.clock.now(),
        prepend: deliveryFields(recipient),
        once: true,
        recipient: recipient.address,
        reserved,
      },
      // What others send is limited by the quota alone.
      { ...quota, appendBytesPerDay: 0 },
    )
    const { name } = folder
    switch (appended.kind) {
      case 'appended': {
        const reply = `uid ${appended.uid} in ${name}`
        const action = { kind: 'delivered', folder: name, reply } as const
        return { ...answer(action), usedReserved: reserved }
      }
      case 'duplicate': {
        // Another recipient's delivery into the same folder used that one's reference, and ours is free.
        const usedReserved = reserved && appended.recipient === recipient.address
        const reply = `already in ${name}`
        return { ...answer({ kind: 'delivered', folder: name, reply }), usedReserved }
      }
      case 'no-such-folder': {
        const reply = `folder ${name} has just gone`
        return answer({ kind: 'deferred', status: '4.2.1', reply })
      }
      case 'over-quota': {
        const { bytes, messages } = appended.used
        const reply = `mailbox full: ${bytes} of ${quota.bytes} bytes, ${messages} messages`
        return answer({ kind: 'deferred', status: '4.2.2', reply })
      }
      case 'over-append-limit':
        throw new Error('delivery has no limit a day')
    }
  }

  /** Wherever its owner has it. Where there is none and none can be made, the message is not lost for that. */
  async function junkFolder(accountId: AccountId): Promise<Folder> {
    const used = await mailbox.folders.findUse(accountId, JUNK_USE)
    if (used?.selectable) return used
    const named = await mailbox.folders.find(accountId, JUNK_FOLDER)
    if (named?.selectable) return named
    const made = await mailbox.folders.create(accountId, JUNK_FOLDER, used ? [] : [JUNK_USE])
    if (made.kind === 'created') return made.folder
    // Somebody else made it a moment earlier, or it may not be.
    const again = await mailbox.folders.find(accountId, JUNK_FOLDER)
    return again?.selectable ? again : mailbox.inbox(accountId)
  }

  function defaultFolder({ message, account, recipient }: Letter): Promise<Folder> {
    return message.junk ? junkFolder(account) : folderFor(account, recipient)
  }

  /** Where there is none, and none is to be made, the message is not lost for that. */
  async function folderNamed(
    accountId: AccountId,
    { folder: path, create, specialUse }: Extract<Action, { readonly kind: 'fileinto' }>,
  ): Promise<Folder> {
    const used =
      specialUse === null ? undefined : await mailbox.folders.findUse(accountId, specialUse)
    if (used?.selectable) return used
    const named = await mailbox.folders.find(accountId, path)
    if (named?.selectable) return named
    if (create) {
      const made = await mailbox.folders.create(accountId, path)
      if (made.kind === 'created') return made.folder
      const again = await mailbox.folders.find(accountId, path)
      if (again?.selectable) return again
    }
    return await mailbox.inbox(accountId)
  }

  async function folderFor(accountId: AccountId, { extension }: FinalRecipient): Promise<Folder> {
    const detail =
      extension === null || !deps.options.deliverToDetailFolder
        ? undefined
        : await mailbox.folders.findSpelled(accountId, extension, spellings)
    return detail?.selectable ? detail : mailbox.inbox(accountId)
  }
}

/** RFC 6154 §2, and what new accounts have it named. */
const JUNK_USE = '\\Junk'
const JUNK_FOLDER = 'Junk'

export type LocalAccount = { readonly quota: Quota; readonly script: FilteredAccount['script'] }

type Letter = {
  readonly message: QueuedMessage
  readonly account: AccountId
  readonly blob: Blob
  readonly recipient: FinalRecipient
  readonly reserved: boolean
  readonly quota: Quota
}

/** The account to deliver to, or why mail cannot come to this recipient whatever its account wants. */
function accountFor(
  { deliveredTo }: QueuedMessage,
  { address, accountId }: FinalRecipient,
): AccountId | Undelivered {
  // Its aliases led nowhere, and an older version let it be tried again: an operator releases it once they are mended.
  if (accountId === null) {
    return { kind: 'failed', status: '5.1.1', reply: `<${address}>: leads to no account` }
  }
  // RFC 5321 §6.3: a message that already was here goes in circles.
  const key = lookupKey(address)
  if (deliveredTo.some((before) => lookupKey(before) === key)) {
    return { kind: 'failed', status: '5.4.6', reply: `mail forwarding loop for ${address}` }
  }
  return accountId
}

/** One action that took no reserved reference. */
const answer = (action: LocalAction): LocalResult => ({
  actions: [action],
  creates: [],
  usedReserved: false,
  contended: false,
  uncertain: false,
})

/** What came of several actions together. */
function together(
  results: readonly LocalResult[],
  creates: readonly CreatedMessage[],
): LocalResult {
  return {
    actions: results.flatMap(({ actions }) => actions),
    creates,
    usedReserved: results.some(({ usedReserved }) => usedReserved),
    contended: results.some(({ contended }) => contended),
    uncertain: results.some(({ uncertain }) => uncertain),
  }
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim().slice(0, REPLY_CHARACTERS_MAX)
const REPLY_CHARACTERS_MAX = 500

/** The message as it came, to somebody else: RFC 5228 §4.2. Our own `Delivered-To` is known when it comes back. */
async function redirected(
  message: QueuedMessage,
  { address }: FinalRecipient,
  to: string,
  wrapSender: (sender: string) => Promise<string>,
): Promise<CreatedMessage> {
  const { envelope, origin, prepend, deliveredTo } = message
  const field = Buffer.from(`Delivered-To: ${address}\r\n`, 'utf8').toString('latin1')
  return {
    envelope: {
      ...envelope,
      sender: await wrapSender(envelope.sender),
      recipients: [{ address: to, notify: [], originalRecipient: null }],
    },
    origin,
    prepend: field + prepend,
    deliveredTo: [...deliveredTo, address],
    content: { kind: 'same' },
  }
}

/** Names are looked up as they are spelled; addresses are mostly written in lower case. */
function spellings(name: string): readonly string[] {
  const lower = name.toLowerCase()
  const [first = '', ...rest] = lower
  return [name, first.toUpperCase() + rest.join(''), lower, name.toUpperCase()]
}

/** As Postfix writes them, X-Original-To only where it tells more: whom an alias or a catch-all was written to. */
function deliveryFields({ address, original }: FinalRecipient): string {
  const isItself = lookupKey(original) === lookupKey(address)
  const fields = `${isItself ? '' : `X-Original-To: ${original}\r\n`}Delivered-To: ${address}\r\n`
  return Buffer.from(fields, 'utf8').toString('latin1')
}
