// Actions of the base language (RFC 5228 §4) and `fileinto`, with what extensions add to them.

import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import {
  type Checker,
  constant,
  defineCommand,
  flag,
  option,
  string,
  strings,
  unknown,
} from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'
import { flagWords } from './flag-words.ts'

/** RFC 5232 §5. */
const flags = option('flags', strings, 'imap4flags')

/** RFC 5228 §4.3. */
export const keep = defineCommand({
  name: 'keep',
  tags: { flags },
  execute({ flags: given }, run, { at }) {
    run.act(at, {
      kind: 'keep',
      message: run.message,
      flags: given === undefined ? run.flags : flagWords(given),
    })
    run.cancelKeep()
    return undefined
  },
})

/** RFC 5228 §4.4. */
export const discard = defineCommand({
  name: 'discard',
  execute(_values, run, { at }) {
    run.act(at, { kind: 'discard' })
    run.cancelKeep()
    return undefined
  },
})

/** RFC 5228 §4.1; :copy of RFC 3894, :create of RFC 5490, :specialuse of RFC 8579, :mailboxid of RFC 9042. */
export const fileinto = defineCommand({
  name: 'fileinto',
  extensions: ['fileinto'],
  tags: {
    copy: flag('copy', 'copy'),
    create: flag('create', 'mailbox'),
    flags,
    specialUse: option('specialuse', constant, 'special-use'),
    mailboxId: option('mailboxid', string, 'mailboxid'),
  },
  positional: { folder: string },
  check({ folder, specialUse, mailboxId }, checker) {
    if (folder === '') checker.error('fileinto takes the name of a folder, and this is none')
    if (specialUse !== undefined && mailboxId !== undefined) {
      checker.error(':specialuse and :mailboxid exclude each other')
    }
  },
  execute({ folder, copy, create, flags: given, specialUse, mailboxId }, run, { at }) {
    if (folder === '') throw new SieveRunError('fileinto without the name of a folder')
    run.act(at, {
      kind: 'fileinto',
      folder,
      create,
      specialUse: specialUse ?? null,
      mailboxId: mailboxId ?? null,
      message: run.message,
      flags: given === undefined ? run.flags : flagWords(given),
    })
    if (!copy) run.cancelKeep()
    return undefined
  },
})

/** RFC 5228 §4.2; :copy of RFC 3894. */
export const redirect = defineCommand({
  name: 'redirect',
  tags: { copy: flag('copy', 'copy') },
  positional: { to: string },
  check({ to }, checker) {
    if (to !== unknown) checkAddress(to, checker)
  },
  execute({ to, copy }, run, { at }) {
    const address = parseAddress(to)
    if (address === undefined) throw new SieveRunError(`"${to}" is no address to redirect to`)
    // RFC 5703 §6: what encloses a message is the owner's.
    const message = run.message.enclosed ?? run.message
    run.act(at, { kind: 'redirect', to: formatAddress(address), message })
    if (!copy) run.cancelKeep()
    return undefined
  },
})

function checkAddress(text: string, checker: Checker): void {
  if (parseAddress(text) === undefined) checker.error(`"${text}" is no address with a domain`)
}
