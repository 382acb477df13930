// authentication: finds out whether a message comes from whom it says, while it comes in, and what follows from that. Called by the
// listener's content stage; SPF alone (spf.ts) by policy too.
//
// Implementation notes: the message is seen once, as the client sends it. Hashes ride on that pass, keys are asked for as soon as the
// header is there, and what is left for the end are a few signatures and the author's policy. A DNS in trouble proves nothing either
// way: then mail is taken without a pass.

import type {
  ArrivingMessage,
  AuthenticationVerdict,
  CheckSpf,
  MailAuthentication,
} from '#shared/contracts/authentication.ts'
import type { SmtpReply } from '#shared/contracts/policy.ts'
import type { Origin } from '#shared/contracts/spool.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { type ArrivedHeader, ArrivingHeader, type HeaderField } from './arriving-header.ts'
import { evaluateDmarc } from './dmarc.ts'
import { checkIprev } from './iprev.ts'
import { mailauthResolver } from './mailauth-resolver.ts'
import { type Findings, resultsField } from './results-field.ts'
import {
  checkSignatures,
  type loadMailauth,
  noChain,
  type SignatureCheck,
  type Signatures,
} from './signatures.ts'
import { type ActionPolicy, type Judgement, judge } from './verdict.ts'

export type AuthenticationOptions = {
  readonly hostname: string
  readonly authservId: string
  readonly policy: ActionPolicy
}

/** One message that was judged, for whoever keeps records of it. */
export type Judged = {
  readonly queueId: QueueId
  readonly remoteAddress: string
  readonly sender: string
  readonly findings: Findings
  readonly judgement: Judgement
}

export function createMailAuthentication(deps: {
  readonly mailauth: Awaited<ReturnType<typeof loadMailauth>>
  readonly checkSpf: CheckSpf
  /** For one message: within what it may ask and how long that may take. */
  readonly dnsFor: (queueId: QueueId | undefined) => Resolver
  /** Clients of ours, and others that are trusted to say what they found. */
  readonly isTrusted: (address: string) => boolean
  /** For DMARC reports. Never rejects. */
  readonly record: (judged: Judged) => void
  readonly options: AuthenticationOptions
  readonly clock: Clock
  readonly log: Log
}): MailAuthentication {
  const { options } = deps
  const ownAuthservIds = [...new Set([options.authservId, options.hostname])]

  function begin({ listener, account, remoteAddress, helo }: Origin): ArrivingMessage | undefined {
    if (listener !== 'smtp' || account !== null || deps.isTrusted(remoteAddress)) return undefined
    const dns = deps.dnsFor(undefined)
    const resolver = mailauthResolver(dns)
    const header = new ArrivingHeader()
    let arrived: ArrivedHeader | undefined
    let check: SignatureCheck | undefined

    function begun(found: { header: ArrivedHeader; body: Uint8Array } | undefined): void {
      if (found === undefined) return
      arrived = found.header
      if (arrived.kind !== 'fields') return
      const now = new Date(deps.clock.now())
      check = checkSignatures(deps.mailauth, arrived.fields, resolver, now)
      check.body(found.body)
    }

    const observer = {
      push(bytes: Uint8Array): void {
        if (arrived === undefined) begun(header.push(bytes))
        else check?.body(bytes)
      },
      finish(): void {
        if (arrived === undefined) begun(header.finish())
      },
    }

    async function findOut(sender: string, known: ArrivingFacts['spf']): Promise<Findings> {
      const [iprev, spf, signatures] = await Promise.all([
        checkIprev(remoteAddress, dns),
        known ?? deps.checkSpf({ address: remoteAddress, helo, sender }, dns),
        check?.finish() ?? unsigned,
      ])
      const notJudged = arrived?.kind === 'not judged' ? arrived.reason : undefined
      const dmarc =
        notJudged === undefined
          ? await evaluateDmarc(signatures, spf, resolver)
          : ({ result: 'permerror', reason: notJudged } as const)
      const { dkim, ignored, arc } = signatures
      return { iprev, spf, dkim, ignored, dmarc, arc, notJudged }
    }

    return {
      observer,
      ownAuthservIds,
      async judge({ queueId, sender, spf: known }) {
        const findings = await findOut(sender, known)
        const fields = arrived?.kind === 'fields' ? arrived.fields : []
        const judgement = judge(findings, fields.some(isOfList), options.policy)
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
    const results = resultsField(options.authservId, findings)
    if (action === 'reject') {
      const reply = refusal(method, reason ?? '', findings)
      return { kind: 'refuse', reply, restriction: `${method}_policy` }
    }
    if (action === 'none') return { kind: 'accept', prepend: results }
    const prepend = `${results}X-Authentication-Warning: ${options.hostname}: ${printable(reason ?? '')}\r\n`
    return action === 'quarantine'
      ? { kind: 'accept', prepend, junk: reason ?? '' }
      : { kind: 'accept', prepend }
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

  return { begin }
}

type ArrivingFacts = Parameters<ArrivingMessage['judge']>[0]

const unsigned: Signatures = {
  dkim: [],
  ignored: 0,
  arc: noChain,
  from: [],
  fromFields: 0,
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
