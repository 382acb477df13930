// An aggregate report as XML (RFC 9990 §3.1, appendix A).

import type { CountedRow, ReportSubject } from './report-records.ts'

export type ReportFacts = {
  readonly organisation: string
  readonly email: string
  readonly reportId: string
  /** In seconds; UTC days. */
  readonly beginSeconds: number
  readonly endSeconds: number
}

export function reportXml(
  { organisation, email, reportId, beginSeconds, endSeconds }: ReportFacts,
  { domain, record }: ReportSubject,
  rows: readonly CountedRow[],
): string {
  const { p, sp, np, strictDkim, strictSpf, testing } = record
  return element('feedback', NAMESPACE, [
    text('version', '1.0'),
    element('report_metadata', '', [
      text('org_name', organisation),
      text('email', email),
      text('report_id', reportId),
      element('date_range', '', [text('begin', beginSeconds), text('end', endSeconds)]),
      text('generator', 'Postwolke'),
    ]),
    element('policy_published', '', [
      text('domain', domain),
      text('discovery_method', 'treewalk'),
      text('p', p),
      text('sp', sp),
      ...(np === undefined ? [] : [text('np', np)]),
      text('adkim', strictDkim ? 's' : 'r'),
      text('aspf', strictSpf ? 's' : 'r'),
      text('testing', testing ? 'y' : 'n'),
    ]),
    ...rows.map(recordElement),
  ])
}

const NAMESPACE = ' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"'

function recordElement(row: CountedRow): string {
  const { sourceIp, count, disposition, dkim, spf, override } = row
  const reason =
    override === undefined
      ? []
      : [
          element('reason', '', [
            text('type', override),
            ...(override === 'trusted_forwarder' ? [text('comment', 'arc=pass')] : []),
          ]),
        ]
  return element('record', '', [
    element('row', '', [
      text('source_ip', sourceIp),
      text('count', count),
      element('policy_evaluated', '', [
        text('disposition', disposition),
        text('dkim', dkim),
        text('spf', spf),
        ...reason,
      ]),
    ]),
    element('identifiers', '', [
      text('header_from', row.headerFrom),
      text('envelope_from', row.envelopeFrom),
    ]),
    element('auth_results', '', [
      ...row.dkimResults.map(({ domain, selector, result }) =>
        element('dkim', '', [
          text('domain', domain),
          text('selector', selector),
          text('result', result),
        ]),
      ),
      element('spf', '', [
        text('domain', row.spfResult.domain),
        text('scope', 'mfrom'),
        text('result', row.spfResult.result),
      ]),
    ]),
  ])
}

function element(name: string, attributes: string, content: readonly string[]): string {
  return `<${name}${attributes}>\n${content.join('\n')}\n</${name}>`
}

const text = (name: string, content: string | number) => `<${name}>${escaped(content)}</${name}>`

const entities: { readonly [character: string]: string } = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
}

/** What strangers wrote; XML 1.0 has no control characters at all. */
function escaped(content: string | number): string {
  return String(content)
    .replace(/[^\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]/g, '?')
    .replace(/[<>&]/g, (character) => entities[character] ?? '')
}
