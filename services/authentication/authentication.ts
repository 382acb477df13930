// authentication: finds out whether a message comes from whom it says, while it comes in, and what follows from that. Called by the
// listener's content stage; SPF alone (spf.ts) by policy too.
//
// Implementation notes: the message is seen once, as the client sends it. Hashes ride on that pass, keys are asked for as soon as the
// header is there, and what is left for the end are a few signatures and the author's policy. A DNS in trouble proves nothing either
// way: then mail is taken without a pass.

import type { CheckSpf, SpfResult } from '#shared/contracts/authentication.ts'
import type { ContentFacts, ContentStep, ContentStepJudge } from '#shared/contracts/content.ts'
import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { Origin, SmtpEnvelope, StreamObserver } from '#shared/contracts/spool.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { forEachField } from '#shared/mail/header-field.ts'
import type { ByteString } from '#shared/mail/message-index.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { HeaderField } from './arriving-header.ts'
import { ArrivingSignatures } from './arriving-signatures.ts'
import { evaluateDmarc } from './dmarc.ts'
import { checkIprev } from './iprev.ts'
import { mailauthResolver } from './mailauth-resolver.ts'
import { type Findings, resultsField } from './results-field.ts'
import { checkSignatures, type loadMailauth } from './signatures.ts'
import { type ActionPolicy, type Judgement, judge } from './verdict.ts'

export type AuthenticationOptions = {
  readonly hostname: string
  readonly authservId: string
  readonly policy: ActionPolicy
}

/** One message that was judged, for whoever keeps records of it. */
export type Authenticated = {
  readonly queueId: QueueId
  readonly remoteAddress: string
  readonly sender: string
  readonly findings: Findings
  readonly judgement: Judgement
}

type Arriving = Pick<ContentFacts, 'queueId' | 'origin' | 'judged'>

type AuthenticationVerdict = { readonly found: string } & (
  | {
      readonly kind: 'accept'
      /** Authentication-Results stands first. */
      readonly edits: readonly { readonly kind: 'top'; readonly field: string }[]
      readonly junk?: string
    }
  | { readonly kind: 'reject'; readonly reply: SmtpReply }
)

export interface AuthenticationStep extends ContentStep {
  readonly name: 'authentication'
  /** Undefined for mail whose client is trusted: nothing is asked, and what others said of it stays. */
  begin(arriving: Arriving): AuthenticationJudge | undefined
}

interface AuthenticationJudge extends ContentStepJudge {
  /** See the message as the client sends it, before anything of it is mended or left out: that is what was signed. */
  readonly rawObservers: readonly StreamObserver[]
  judge(message: {
    readonly envelope: Pick<SmtpEnvelope, 'sender'>
    /** As it is stored. */
    readonly header: ByteString
  }): Promise<AuthenticationVerdict>
}

export function createAuthentication(deps: {
  readonly mailauth: Awaited<ReturnType<typeof loadMailauth>>
  readonly checkSpf: CheckSpf
  /** For one message, what others name and what its author names: within what it may ask and how long that may take. */
  readonly dnsFor: (queueId: QueueId) => Resolver
  readonly isStranger: (origin: Origin) => boolean
  /** For DMARC reports. Never rejects, never throws. */
  readonly record: (authenticated: Authenticated) => void
  readonly options: AuthenticationOptions
  readonly clock: Clock
  readonly log: Log
}): AuthenticationStep {
  const { options } = deps

  function begin({ queueId, origin, judged }: Arriving): AuthenticationJudge | undefined {
    if (!deps.isStranger(origin)) return undefined
    const { remoteAddress, helo } = origin
    const dns = deps.dnsFor(queueId)
    const resolver = mailauthResolver(dns)
    // Whoever names slow servers for all else does not keep us from what the author's domain asks for.
    const ofAuthor = mailauthResolver(deps.dnsFor(queueId))
    const arriving = new ArrivingSignatures((fields) =>
      checkSignatures(deps.mailauth, fields, resolver, new Date(deps.clock.now())),
    )

    async function findOut(sender: string, stored: ByteString): Promise<Findings> {
      const known: SpfResult | undefined = judged?.spf
      const [iprev, spf, signatures] = await Promise.all([
        checkIprev(remoteAddress, dns),
        known ?? deps.checkSpf({ address: remoteAddress, helo, sender }, dns),
        arriving.signatures(),
      ])
      const { dkim, ignored, arc } = signatures
      const notJudged = arriving.notJudged ?? otherAuthors(arriving.fields, stored)
      const dmarc =
        notJudged === undefined
          ? await evaluateDmarc(signatures, spf, ofAuthor)
          : ({ result: 'permerror', reason: notJudged } as const)
      return { iprev, spf, dkim, ignored, dmarc, arc, notJudged }
    }

    return {
      rawObservers: [arriving],
      async judge({ envelope: { sender }, header }) {
        const findings = await findOut(sender, header)
        const judgement = judge(findings, arriving.fields.some(isOfList), options.policy)
        deps.record({ queueId, remoteAddress, sender, findings, judgement })
        tell(queueId, findings, judgement)
        return verdictOf(findings, judgement)
      },
    }
  }

  function verdictOf(
    findings: Findings,
    { action, reason, method }: Judgement,
  ): AuthenticationVerdict {
    const found = reason ?? foundIn(findings)
    if (action === 'reject') {
      return { kind: 'reject', reply: refusal(method, reason ?? '', findings), found }
    }
    const results = { kind: 'top', field: resultsField(options.authservId, findings) } as const
    if (action === 'none') return { kind: 'accept', edits: [results], found }
    const text = printable(reason ?? '')
    const field = `X-Authentication-Warning: ${options.hostname}: ${text}\r\n`
    // What is put on top last stands first.
    const edits = [{ kind: 'top', field } as const, results]
    return { kind: 'accept', edits, found, ...(action === 'quarantine' && { junk: text }) }
  }

  function tell(
    queueId: QueueId,
    findings: Findings,
    { action, reason, override }: Judgement,
  ): void {
    const { spf, dkim, dmarc, arc, iprev } = findings
    const signed = dkim.map(({ result, domain }) => `${result} ${domain}`).join(', ')
    deps.log.info(
      {
        queueId,
        spf: `${spf.result} ${spf.domain}`.trimEnd(),
        dkim: signed || 'none',
        dmarc: 'from' in dmarc ? `${dmarc.result} ${dmarc.from}` : dmarc.result,
        arc: arc.result,
        iprev: iprev.result,
        action,
        ...(reason !== undefined && { reason }),
        ...(override !== undefined && { override }),
      },
      'message authenticated',
    )
  }

  return { name: 'authentication', begin }
}

const foundIn = ({ spf, dkim, dmarc }: Findings) =>
  `spf=${spf.result} dkim=${dkim.find(({ result }) => result === 'pass')?.result ?? dkim[0]?.result ?? 'none'} dmarc=${dmarc.result}`

/** A message is judged by the author that its readers see: what is mended or left out on the way may make another field of one. */
function otherAuthors(fields: readonly HeaderField[], stored: ByteString): string | undefined {
  const came = fields.flatMap(({ key, line }) =>
    key === 'from' ? [line.toString('latin1', line.indexOf(':') + 1).trim()] : [],
  )
  const kept: string[] = []
  forEachField(stored, (name, body) => {
    if (name.toLowerCase() === 'from') kept.push(body.trim())
  })
  const isSame = came.length === kept.length && came.every((one, i) => one === kept[i])
  return isSame ? undefined : 'From field changed on its way in'
}

const isOfList = ({ key }: HeaderField) => key === 'list-id' || key === 'list-post'

/** RFC 7372 §3 has the codes of SPF and DKIM; RFC 9989 §7.4 wants the word DMARC in the other. */
function refusal(method: Judgement['method'], reason: string, { spf, dmarc }: Findings): SmtpReply {
  if (method === 'spf') {
    const said = spf.explanation === undefined ? '' : ` (${spf.explanation})`
    return {
      code: 550,
      status: spf.result === 'permerror' ? '5.7.24' : '5.7.23',
      text: `SPF validation failed: ${reason}${said}`,
    }
  }
  if (method === 'dkim') {
    return { code: 550, status: '5.7.20', text: `No passing DKIM signature found: ${reason}` }
  }
  const whose = 'from' in dmarc ? ` per DMARC policy of ${printable(dmarc.from)}` : ' per DMARC'
  return { code: 550, status: '5.7.1', text: `Message rejected${whose}: ${printable(reason)}` }
}

const printable = (text: string) => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
