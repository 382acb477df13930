// Sends the reports of a day that is over, each to those whom its domain names, through the spool like any mail. Called once an hour by
// every process that receives mail; of several, one has each report (`claim`).

import { gzipSync } from 'node:zlib'
import { ownOrigin } from '#shared/contracts/own-origin.ts'
import type { Spool } from '#shared/contracts/spool.ts'
import type { Resolver } from '#shared/dns/resolver.ts'
import { type Address, formatAddress, parseAddress } from '#shared/mail/address.ts'
import { formatDate } from '#shared/mail/date.ts'
import type { Clock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import { mailauthResolver } from './mailauth-resolver.ts'
import { dayOf, destinationsIn, type ReportRecords, type ReportSubject } from './report-records.ts'
import { reportXml } from './report-xml.ts'

const DAY_MS = 86_400_000
const DAY_SECONDS = 86_400

export function createReportSending(deps: {
  readonly records: ReportRecords
  readonly spool: Pick<Spool, 'newQueueId' | 'receive' | 'accept'>
  readonly dns: Resolver
  readonly options: { readonly hostname: string }
  readonly clock: Clock
  readonly log: Log
}) {
  const { records, spool, dns, clock, log } = deps
  const { hostname } = deps.options

  /** Yesterday's; safe to repeat. Answers how many were sent. */
  async function sendDue(): Promise<number> {
    const day = dayOf(clock.now() - DAY_MS)
    let sent = 0
    for await (const subject of records.subjects(day)) {
      try {
        if (await sendOne(day, subject)) sent++
      } catch (error) {
        log.warn({ domain: subject.domain, error }, 'DMARC report not sent')
      }
    }
    return sent
  }

  async function sendOne(day: string, subject: ReportSubject): Promise<boolean> {
    const { domain, record } = subject
    const destinations = await permitted(domain, destinationsIn(record.text))
    if (destinations.length === 0 || !(await records.claim(day, domain))) return false
    const rows = await records.rows(day, domain)
    if (rows.length === 0) return false
    const beginSeconds = Date.parse(`${day}T00:00:00Z`) / 1_000
    const reportId = `${day}.${domain}@${hostname}`
    const facts = {
      organisation: hostname,
      email: `postmaster@${hostname}`,
      reportId,
      beginSeconds,
      endSeconds: beginSeconds + DAY_SECONDS - 1,
    }
    const attachment = gzipSync(reportXml(facts, subject, rows))
    const message = reportMessage({ ...facts, domain, attachment, destinations })
    await accept(message, destinations)
    log.info({ domain, to: destinations.join(', ') }, 'DMARC report sent')
    return true
  }

  /** RFC 9990 §4: others than its own must say that they want its reports, and may say where to. */
  async function permitted(
    domain: string,
    addresses: readonly string[],
  ): Promise<readonly string[]> {
    const allowed = await Promise.all(
      addresses.map(async (text) => {
        const address = parseAddress(text)
        if (address === undefined) return []
        const isOwn = await isOfOneOrganisation(domain, address.domain)
        return isOwn ? [formatAddress(address)] : external(domain, address)
      }),
    )
    return [...new Set(allowed.flat())]
  }

  async function isOfOneOrganisation(domain: string, other: string): Promise<boolean> {
    if (domain === other) return true
    const { getOrgDomain, createRecordLookup } = await import(
      'mailauth/lib/dmarc/get-dmarc-record.js'
    )
    const lookup = createRecordLookup(mailauthResolver(dns), { strict: true })
    try {
      const [one, two] = await Promise.all([
        getOrgDomain(domain, lookup),
        getOrgDomain(other, lookup),
      ])
      return one === two
    } catch {
      // Not known; then it has to say so as others have to.
      return false
    }
  }

  async function external(domain: string, address: Address): Promise<readonly string[]> {
    const answer = await dns.resolveTxt(`${domain}._report._dmarc.${address.domain}`)
    if (answer.kind !== 'found') return []
    const consent = answer.records.find((text) => /^v\s*=\s*DMARC1\s*(?:;|$)/.test(text))
    if (consent === undefined) return []
    const others = destinationsIn(consent).flatMap((text) => parseAddress(text) ?? [])
    const [other] = others
    // Where it names another place that must be its own.
    if (other === undefined) return [formatAddress(address)]
    return others.filter((one) => one.domain === address.domain).map(formatAddress)
  }

  async function accept(message: Buffer, recipients: readonly string[]): Promise<void> {
    const queueId = spool.newQueueId()
    async function* bytes() {
      yield message
    }
    const spooled = await spool.receive(queueId, bytes())
    await spool.accept({
      spooled,
      // Nobody reads what comes back of it.
      envelope: {
        sender: '',
        recipients: recipients.map((address) => ({
          address,
          notify: [],
          originalRecipient: null,
        })),
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

  /** RFC 9990 §3.5.2: names and subject are for programs that sort them. */
  function reportMessage(report: {
    readonly domain: string
    readonly email: string
    readonly reportId: string
    readonly beginSeconds: number
    readonly endSeconds: number
    readonly destinations: readonly string[]
    readonly attachment: Uint8Array
  }): Buffer {
    const { domain, email, reportId, beginSeconds, endSeconds } = report
    const file = `${hostname}!${domain}!${beginSeconds}!${endSeconds}.xml.gz`
    const encoded = Buffer.from(report.attachment).toString('base64')
    const boundary = `report-${beginSeconds}`
    const lines = [
      `Date: ${formatDate(clock.now())}`,
      `From: ${email}`,
      `To: ${report.destinations.join(',\r\n\t')}`,
      `Subject: Report Domain: ${domain}\r\n\tSubmitter: ${hostname}\r\n\tReport-ID: <${reportId}>`,
      `Message-ID: <dmarc.${reportId}>`,
      'Auto-Submitted: auto-generated',
      'MIME-Version: 1.0',
      `Content-Type: multipart/mixed; boundary="${boundary}"`,
      '',
      `--${boundary}`,
      'Content-Type: text/plain; charset=us-ascii',
      '',
      `DMARC aggregate report of ${hostname} about mail in the name of ${domain}.`,
      '',
      `--${boundary}`,
      'Content-Type: application/gzip',
      `Content-Disposition: attachment; filename="${file}"`,
      'Content-Transfer-Encoding: base64',
      '',
      ...(encoded.match(/.{1,76}/g) ?? []),
      '',
      `--${boundary}--`,
      '',
    ]
    return Buffer.from(lines.join('\r\n'), 'latin1')
  }

  return { sendDue }
}
