// The restriction lists of each listener: what the settings say, and what no setting leaves out.

import type { Suspicion } from '#shared/auth/suspicion.ts'
import type { AccountId } from '#shared/contracts/mailbox.ts'
import type { PolicyStage } from '#shared/contracts/policy.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import type { Used } from '#shared/mailbox/quota.ts'
import { originDomain, srsDomain } from '#shared/settings/own-domains.ts'
import type { ListPlace } from '#shared/settings/restrictions/grammar.ts'
import { classesOf } from '#shared/settings/restrictions/list-faults.ts'
import type { Settings } from '#shared/settings/table.ts'
import { rejectEndedAccount } from './account.ts'
import { rejectUnknownAtSource } from './at-source.ts'
import { rejectToBounceAddress } from './bounce-addresses.ts'
import { createListCompiler, type ListCompiler } from './compile.ts'
import { createPolicyServers, type PolicyServers } from './delegation/servers.ts'
import { createDnsLists } from './dns-lists/dns-lists.ts'
import { limitFinalRecipients } from './final-recipients.ts'
import { rejectNonFqdn } from './fully-qualified.ts'
import { limitHops, rejectDeliveredBefore } from './hops.ts'
import { rejectUnlistedRecipient } from './listed.ts'
import { rejectAuthorLoginMismatch, rejectSenderLoginMismatch } from './login-mismatch.ts'
import { rejectOverQuota } from './quota.ts'
import type { PolicyLists, StageLists } from './restriction.ts'
import { createSenderRights } from './sender-logins.ts'
import { createSendingLimits } from './sending-limits.ts'
import { rejectCompromisedAccount } from './suspicion.ts'
import type { Verification } from './verification.ts'
import type { WordDeps } from './word.ts'

export function createLists(
  deps: Omit<WordDeps, 'compile' | 'dnsLists' | 'services' | 'policyServers'> & {
    readonly usage: (accountId: AccountId) => Promise<Used>
    /** Of addresses on old servers; undefined: by `verification`. */
    readonly sourceVerification?: Verification
    /** Undefined: nobody watches what accounts do. */
    readonly suspicion?: Pick<Suspicion, 'noteRecipients'>
    /** Undefined: those that lists name are asked. */
    readonly policyServers?: PolicyServers
  },
): PolicyLists {
  const { directory, settings, counters, clock, log } = deps
  const rights = createSenderRights({
    directory,
    senderLogins: settings.smtpdSenderLoginMaps,
    recipientDelimiter: settings.recipientDelimiter,
    defaultDomain: parseDomain(originDomain(settings)),
  })
  const sending = createSendingLimits({ counters, clock, options: settings })
  const isHeldToItself = settings.smtpdRejectSenderLoginMismatch
  const dnsLists = createDnsLists({ clock, log, settings })
  const classes = classesOf(settings.smtpdRestrictionClasses)
  const { policyServers = createPolicyServers({ clock }) } = deps
  const words = { ...deps, dnsLists, policyServers }
  const compiler = createListCompiler(words, classes)
  const smtpd = compiled(compiler, smtpdTexts(settings))
  const submission = compiled(compiler, submissionTexts(settings))
  // RFC 2033 §1: LMTP delivers, it does not relay, whoever speaks it.
  const lmtp = compiled(compiler, { relay: 'reject_unauth_destination' })
  return {
    firm: {
      sender: isHeldToItself ? [rejectSenderLoginMismatch(rights)] : [],
      beforeRecipient: [
        rejectEndedAccount(directory.accounts),
        limitFinalRecipients(settings.messageFinalRecipientLimit),
        sending.restriction,
        rejectNonFqdn,
      ],
      afterRecipient: [
        ...(settings.smtpdRejectUnlistedRecipient ? [rejectUnlistedRecipient(deps)] : []),
        rejectOverQuota(deps.usage, settings.mailboxMessageLimit),
        rejectUnknownAtSource(deps.sourceVerification ?? deps.verification),
      ],
      message: [
        limitHops(settings.hopcountLimit),
        rejectDeliveredBefore,
        rejectToBounceAddress(parseDomain(srsDomain(settings))),
        ...(isHeldToItself ? [rejectAuthorLoginMismatch(rights)] : []),
        // Last, since they count: only what is taken was sent.
        sending.counting,
        ...(deps.suspicion ? [rejectCompromisedAccount(deps.suspicion)] : []),
      ],
    },
    of: (listener) => {
      switch (listener) {
        case 'smtp':
          return smtpd
        case 'lmtp':
          return lmtp
        default:
          return submission
      }
    },
  }
}

type Texts = { readonly [Stage in PolicyStage]?: string }

const smtpdTexts = (settings: Settings): Texts => ({
  connect: settings.smtpdClientRestrictions,
  helo: settings.smtpdHeloRestrictions,
  sender: withUnlistedSender(settings.smtpdSenderRestrictions, settings),
  relay: settings.smtpdRelayRestrictions,
  recipient: settings.smtpdRecipientRestrictions,
  data: settings.smtpdDataRestrictions,
  message: settings.smtpdEndOfDataRestrictions,
})

const submissionTexts = (settings: Settings): Texts => ({
  connect: settings.submissionClientRestrictions,
  helo: settings.submissionHeloRestrictions,
  sender: withUnlistedSender(settings.submissionSenderRestrictions, settings),
  relay: settings.submissionRelayRestrictions,
  recipient: settings.submissionRecipientRestrictions,
  data: settings.submissionDataRestrictions,
  message: settings.submissionEndOfDataRestrictions,
})

/** First, or a permit would spare the sender. */
function withUnlistedSender(text: string, { smtpdRejectUnlistedSender }: Settings): string {
  return smtpdRejectUnlistedSender ? `reject_unlisted_sender, ${text}` : text
}

const places: { readonly [Stage in PolicyStage]: ListPlace } = {
  connect: 'client',
  helo: 'helo',
  sender: 'sender',
  relay: 'relay',
  recipient: 'recipient',
  data: 'data',
  message: 'endOfData',
}

function compiled(compiler: ListCompiler, texts: Texts): StageLists {
  const list = (stage: PolicyStage) => compiler.list(texts[stage] ?? '', places[stage])
  return {
    connect: list('connect'),
    helo: list('helo'),
    sender: list('sender'),
    relay: list('relay'),
    recipient: list('recipient'),
    data: list('data'),
    message: list('message'),
  }
}
