// A report as JSON (RFC 8460 §4.4), and the message that it comes in (§5.3).

import type { ReportedPolicy } from '#shared/contracts/tls-report.ts'
import { formatDate } from '#shared/mail/date.ts'
import type { CountedSessions } from './records.ts'

export type ReportFacts = {
  readonly domain: string
  /** Who tells. */
  readonly hostname: string
  readonly reportId: string
  readonly beginMs: number
  readonly endMs: number
}

export function reportJson(facts: ReportFacts, sessions: readonly CountedSessions[]): string {
  const { hostname, reportId, beginMs, endMs } = facts
  return JSON.stringify({
    'organization-name': hostname,
    'date-range': { 'start-datetime': timeOf(beginMs), 'end-datetime': timeOf(endMs) },
    'contact-info': `postmaster@${hostname}`,
    'report-id': reportId,
    policies: byPolicy(sessions).map(policyPart),
  })
}

function byPolicy(sessions: readonly CountedSessions[]) {
  const groups = Map.groupBy(sessions, ({ policy }) => JSON.stringify(policy))
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : [{ policy: first.policy, sessions: group }]
  })
}

function policyPart({
  policy,
  sessions,
}: {
  readonly policy: ReportedPolicy
  readonly sessions: readonly CountedSessions[]
}) {
  const failures = sessions.filter(({ result }) => result !== 'success')
  const sum = (all: readonly CountedSessions[]) =>
    all.reduce((total, { count }) => total + count, 0)
  return {
    policy: {
      'policy-type': policy.type,
      'policy-string': policy.strings,
      'policy-domain': policy.domain,
      'mx-host': policy.mxHosts,
    },
    summary: {
      'total-successful-session-count': sum(sessions) - sum(failures),
      'total-failure-session-count': sum(failures),
    },
    'failure-details': failures.map(({ result, host, address, localAddress, reason, count }) => ({
      'result-type': result,
      ...(localAddress !== '' && { 'sending-mta-ip': localAddress }),
      ...(host !== '' && { 'receiving-mx-hostname': host }),
      ...(address !== '' && { 'receiving-ip': address }),
      'failed-session-count': count,
      ...(reason !== '' && { 'failure-reason-code': reason }),
    })),
  }
}

const timeOf = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** RFC 8460 §5.3: names and subject are for programs that sort them. */
export function reportMessage(
  facts: ReportFacts,
  to: string,
  gzipped: Uint8Array,
  atMs: number,
): Buffer {
  const { domain, hostname, reportId, beginMs, endMs } = facts
  const [begin, end] = [beginMs, endMs].map((ms) => Math.floor(ms / 1_000))
  const file = `${hostname}!${domain}!${begin}!${end}.json.gz`
  const boundary = `report-${begin}`
  const encoded = Buffer.from(gzipped).toString('base64')
  const lines = [
    `Date: ${formatDate(atMs)}`,
    `From: postmaster@${hostname}`,
    `To: ${to}`,
    `Subject: Report Domain: ${domain}\r\n\tSubmitter: ${hostname}\r\n\tReport-ID: <${reportId}>`,
    `Message-ID: <tls.${reportId}>`,
    `TLS-Report-Domain: ${domain}`,
    `TLS-Report-Submitter: ${hostname}`,
    // RFC 8460 §3: what tells of broken TLS must not wait for it.
    'TLS-Required: No',
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type="tlsrpt";\r\n\tboundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `TLS report of ${hostname} about mail to ${domain}.`,
    '',
    `--${boundary}`,
    'Content-Type: application/tlsrpt+gzip',
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
