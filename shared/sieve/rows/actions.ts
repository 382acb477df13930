// Actions of the base language (RFC 5228 §4) and `fileinto`, with what extensions add to them.

import { formatAddress } from '#shared/mail/address.ts'
import { type Checker, defineCommand, flag, string, unknown } from '../definition.ts'
import { SieveRunError } from '../run/failure.ts'
import { listName } from '../run/list-name.ts'
import type { Run } from '../run/run.ts'
import { checkDestination, destinationTags, specialUseOf } from './destination.ts'
import { flagWords } from './flag-words.ts'
import { outboundAddress } from './outbound-address.ts'

/** RFC 5228 §4.3. */
export const keep = defineCommand({
  name: 'keep',
  tags: { flags: destinationTags.flags },
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

/** RFC 5228 §4.1; :copy of RFC 3894. */
export const fileinto = defineCommand({
  name: 'fileinto',
  extensions: ['fileinto'],
  tags: {
    copy: flag('copy', 'copy'),
    ...destinationTags,
  },
  positional: { folder: string },
  check({ folder, ...values }, checker) {
    if (folder === '') checker.error('fileinto takes the name of a folder, and this is none')
    checkDestination(values, checker)
  },
  execute({ folder, copy, create, flags: given, specialUse, mailboxId }, run, { at }) {
    if (folder === '') throw new SieveRunError('fileinto without the name of a folder')
    run.act(at, {
      kind: 'fileinto',
      folder,
      create,
      specialUse: specialUseOf(specialUse),
      mailboxId: mailboxId ?? null,
      message: run.message,
      flags: given === undefined ? run.flags : flagWords(given),
    })
    if (!copy) run.cancelKeep()
    return undefined
  },
})

/** RFC 5228 §4.2; :copy of RFC 3894, :list of RFC 6134 §2.3. */
export const redirect = defineCommand({
  name: 'redirect',
  tags: { copy: flag('copy', 'copy'), list: flag('list', 'extlists') },
  positional: { to: string },
  check({ to, list }, checker) {
    if (to === unknown || list === unknown) return
    if (list) checkList(to, checker)
    else checkAddress(to, checker)
  },
  async execute({ to, copy, list }, run, { at }) {
    // RFC 5703 §6: what encloses a message is the owner's.
    const message = run.message.enclosed ?? run.message
    for (const member of list ? await membersOf(run, to) : [to]) {
      const address = outboundAddress(member)
      if (address === undefined) throw new SieveRunError(`"${member}" is no address to redirect to`)
      run.act(at, { kind: 'redirect', to: formatAddress(address), message })
    }
    if (!copy) run.cancelKeep()
    return undefined
  },
})

/** Never none: a message that goes to nobody would be lost. */
async function membersOf(run: Run, list: string): Promise<readonly string[]> {
  const name = listName(list)
  const members = name === undefined ? undefined : await run.context.listMembers?.(name)
  if (members === undefined) throw new SieveRunError(`there is no list "${list}" to redirect to`)
  if (members.length === 0) throw new SieveRunError(`the list "${list}" has no addresses`)
  return members
}

function checkAddress(text: string, checker: Checker): void {
  if (outboundAddress(text) === undefined) checker.error(`"${text}" is no address with a domain`)
}

function checkList(text: string, checker: Checker): void {
  if (listName(text) === undefined) checker.error(`"${text}" is no name of a list`)
}
