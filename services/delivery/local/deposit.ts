// Puts a message into a folder of its recipient: once, however often it is asked, and within the quota.

import type { FolderRef } from '#shared/contracts/mailbox.ts'
import { onceId } from '#shared/mailbox/blob-references.ts'
import { type FlagSet, noFlags } from '#shared/mailbox/flags.ts'
import type { Mailbox, NewMessage } from '#shared/mailbox/port.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import type { LocalResult } from '#shared/queue/pipeline.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import { answer, deliveryFields, type Letter } from './letter.ts'

export interface Deposit {
  /** The folder remembers the blob. `takesReserved`: of one recipient's deposits one alone may. */
  message(
    folder: Target,
    letter: Letter,
    how: { readonly flags?: FlagSet; readonly takesReserved: boolean },
  ): Promise<LocalResult>
  /** Bytes that were made for this recipient of this message; `name` tells them apart, and is the same with each attempt. */
  bytes(
    folder: Target,
    letter: Letter,
    what: {
      readonly name: string
      readonly source: AsyncIterable<Uint8Array>
      readonly flags?: FlagSet
    },
  ): Promise<LocalResult>
}

export type Target = FolderRef & Pick<FolderRecord, 'name'>

export function createDeposit(deps: {
  readonly mailbox: Pick<Mailbox, 'append' | 'receive'>
  readonly clock: Clock
}): Deposit {
  const { mailbox, clock } = deps

  async function append(
    folder: Target,
    { recipient, reserved, quota }: Letter,
    given: Pick<NewMessage, 'blob' | 'prepend' | 'onceAs' | 'reserved'> & {
      readonly flags?: FlagSet
    },
  ): Promise<LocalResult> {
    const { flags = noFlags, ...message } = given
    const appended = await mailbox.append(
      folder,
      {
        ...message,
        flags,
        internalDateMs: clock.now(),
        once: true,
        recipient: recipient.address,
      },
      // What others send is limited by the quota alone.
      { ...quota, appendBytesPerDay: 0 },
    )
    const { name } = folder
    switch (appended.kind) {
      case 'appended': {
        const reply = `uid ${appended.uid} in ${name}`
        const action = { kind: 'delivered', folder: name, reply } as const
        return { ...answer(action), usedReserved: given.reserved === true }
      }
      case 'duplicate': {
        // Another recipient's delivery into the same folder used that one's reference, and ours is free.
        const isOwn = appended.recipient === recipient.address
        const usedReserved = reserved && given.onceAs === undefined && isOwn
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

  return {
    message(folder, letter, { flags, takesReserved }) {
      return append(folder, letter, {
        blob: letter.blob,
        prepend: deliveryFields(letter.recipient),
        reserved: takesReserved && letter.reserved,
        ...(flags && { flags }),
      })
    },

    async bytes(folder, letter, { name, source, flags }) {
      const received = await mailbox.receive(source)
      await received.commit()
      const onceAs = onceId(letter.blob.id, name)
      // What is not needed after all is an object of nobody's, which the collector finds.
      return append(folder, letter, {
        blob: received.blob,
        prepend: '',
        onceAs,
        ...(flags && { flags }),
      })
    },
  }
}

export async function* oneChunk(bytes: Uint8Array) {
  yield bytes
}
