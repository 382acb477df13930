// Sends the reports of a day that is over, each to those whom its domain names: by mail through the spool like any other, so that it is
// signed on its way out, or by HTTPS. Called once an hour; of several processes one has each report (`claim`).

import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { ownOrigin } from '#shared/contracts/own-origin.ts'
import type { Spool } from '#shared/contracts/spool.ts'
import { formatAddress, parseAddress } from '#shared/mail/address.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { Destination, Destinations } from './destinations.ts'
import { dayOf, type TlsReportRecords } from './records.ts'
import { type ReportFacts, reportJson, reportMessage } from './report.ts'
import type { Upload } from './upload.ts'

const DAY_MS = 86_400_000
/** RFC 8460 §4.1: not all at midnight. */
export const SPREAD_MS = 4 * 3_600_000

export function createTlsReportSending(deps: {
  readonly records: Pick<TlsReportRecords, 'domains' | 'sessions' | 'claim' | 'release'>
  readonly destinations: Destinations
  readonly spool: Pick<Spool, 'newQueueId' | 'receive' | 'accept'>
  readonly upload: Upload
  readonly options: { readonly hostname: string }
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}) {
  const { records, destinations, clock, log } = deps
  const { hostname } = deps.options

  /** Yesterday's, as far as their hour has come; safe to repeat. Answers how many were sent. */
  async function sendDue(): Promise<number> {
    const day = dayOf(clock.now() - DAY_MS)
    const beginMs = Date.parse(`${day}T00:00:00Z`)
    let sent = 0
    for await (const domain of records.domains(day)) {
      if (clock.now() < beginMs + DAY_MS + delayOf(domain)) continue
      sent += await sendOf(domain, day, beginMs)
    }
    return sent
  }

  /** Of a domain always the same. */
  function delayOf(domain: string): number {
    const hash = createHash('sha256').update(`${hostname} ${domain}`).digest()
    return (hash.readUInt32BE(0) / 0x1_0000_0000) * SPREAD_MS
  }

  async function sendOf(domain: string, day: string, beginMs: number): Promise<number> {
    const facts: ReportFacts = {
      domain,
      hostname,
      reportId: `${day}.${domain}@${hostname}`,
      beginMs,
      endMs: beginMs + DAY_MS - 1_000,
    }
    let sent = 0
    for (const destination of await destinations.of(domain)) {
      const name = destination.kind === 'mail' ? destination.address : destination.url.href
      if (!(await records.claim(day, domain, name))) continue
      try {
        await sendTo(destination, facts, await gzippedReport(facts, day))
        log.info({ domain, to: name }, 'TLS report sent')
        sent++
      } catch (error) {
        // RFC 8460 §4.1: again in an hour, until the day is over.
        await records.release(day, domain, name)
        log.warn({ domain, to: name, error }, 'TLS report not sent')
      }
    }
    return sent
  }

  async function gzippedReport(facts: ReportFacts, day: string): Promise<Buffer> {
    const sessions = await records.sessions(day, facts.domain)
    return await promisify(gzip)(reportJson(facts, sessions))
  }

  async function sendTo(destination: Destination, facts: ReportFacts, report: Buffer) {
    if (destination.kind === 'https') return await deps.upload(destination.url, report)
    const address = parseAddress(destination.address)
    if (address === undefined) throw new Error('no mail address')
    const to = formatAddress(address)
    await accept(reportMessage(facts, to, report, clock.now()), to)
  }

  async function accept(message: Buffer, to: string): Promise<void> {
    const { spool } = deps
    async function* bytes() {
      yield message
    }
    const spooled = await spool.receive(spool.newQueueId(), bytes())
    await spool.accept({
      spooled,
      // Nobody reads what comes back of it.
      envelope: {
        sender: '',
        recipients: [{ address: to, notify: [], originalRecipient: null }],
        body: '7BIT',
        smtpUtf8: false,
        requireTls: false,
        dsnReturn: null,
        dsnEnvelopeId: null,
      },
      origin: ownOrigin(hostname),
      prepend: '',
      arrivedMs: clock.now(),
    })
  }

  return { sendDue }
}
