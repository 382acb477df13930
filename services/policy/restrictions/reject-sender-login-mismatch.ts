// Senders that belong to somebody else than who sends.

import { parseAddress } from '#shared/mail/address.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { originDomain } from '#shared/settings/own-domains.ts'
import type { Known } from '../known.ts'
import { senderNotLoggedIn, senderNotOwned } from '../replies.ts'
import { type Decision, dunno, reject } from '../restriction.ts'
import { createSenderRights, type SenderRights } from '../sender-logins.ts'
import { defineWord, type WordDeps } from '../word.ts'

type Rights = {
  readonly rights: SenderRights
  /** Whether somebody here has this address, or is granted it by name. */
  readonly isOwned: (sender: string) => Promise<boolean>
}

function rightsOf({ directory, settings }: WordDeps): Rights {
  const defaultDomain = parseDomain(originDomain(settings))
  const granted = new Set(settings.smtpdSenderLoginMaps.map(({ sender }) => sender.toLowerCase()))
  return {
    rights: createSenderRights({
      directory,
      senderLogins: settings.smtpdSenderLoginMaps,
      recipientDelimiter: settings.recipientDelimiter,
      defaultDomain,
    }),
    async isOwned(sender) {
      const address = parseAddress(sender, defaultDomain)
      if (address === undefined) return false
      if (granted.has(sender.toLowerCase()) || granted.has(`@${address.domain}`)) return true
      const { kind } = await directory.resolve(address)
      return kind === 'account' || kind === 'disabled' || kind === 'alias'
    },
  }
}

async function whoLoggedIn({ sender, origin }: Known, { rights }: Rights): Promise<Decision> {
  if (!sender || origin.account === null) return dunno
  const isTheirs = await rights.mayUse(origin.account, sender)
  return isTheirs ? dunno : reject(senderNotOwned(sender, origin.account.login))
}

async function whoDidNot({ sender, origin }: Known, { isOwned }: Rights): Promise<Decision> {
  if (!sender || origin.account !== null) return dunno
  return (await isOwned(sender)) ? reject(senderNotLoggedIn(sender)) : dunno
}

/** As the first half, but what nobody owns is anybody's. */
async function ofOwned(known: Known, rights: Rights): Promise<Decision> {
  const { sender, origin } = known
  if (!sender || !(await rights.isOwned(sender))) return dunno
  return origin.account === null ? whoDidNot(known, rights) : whoLoggedIn(known, rights)
}

const word = (
  name: Parameters<typeof defineWord>[0],
  decide: (known: Known, rights: Rights) => Promise<Decision>,
) =>
  defineWord(name, (_, deps) => {
    const rights = rightsOf(deps)
    return (known) => decide(known, rights)
  })

export const reject_authenticated_sender_login_mismatch = word(
  'reject_authenticated_sender_login_mismatch',
  whoLoggedIn,
)
export const reject_unauthenticated_sender_login_mismatch = word(
  'reject_unauthenticated_sender_login_mismatch',
  whoDidNot,
)
export const reject_sender_login_mismatch = word('reject_sender_login_mismatch', (known, rights) =>
  known.origin.account === null ? whoDidNot(known, rights) : whoLoggedIn(known, rights),
)
export const reject_known_sender_login_mismatch = word(
  'reject_known_sender_login_mismatch',
  ofOwned,
)
