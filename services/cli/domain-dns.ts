import type { Command } from 'commander'
import type { CheckedRecord, DomainRecords } from '#shared/administration/dns/domain-records.ts'
import type { PublishedState } from '#shared/administration/dns/published.ts'
import { route53Changes, zoneLines } from '#shared/administration/dns/zone-text.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns, warn } from './output.ts'
import { refused } from './refusal-text.ts'

type Flags = { readonly check?: boolean; readonly zone?: boolean; readonly route53?: boolean }

/** `postwolke domain dns`: every record to publish for a domain, and what is published now. */
export function domainDnsCommand(domain: Command, define: Define): void {
  define<Flags>(domain.command('dns <domain>'), {
    about: 'show every record to publish for a domain',
    options: (command) =>
      command
        .option(
          '--check',
          'beside it what the DNS has now; status 1 where something must be there and is not',
        )
        .option('--zone', 'as lines of a zone file')
        .option(
          '--route53',
          'as a change batch for aws route53 change-resource-record-sets, of what is missing',
        ),
    async run(context, [name], options) {
      const { administration, process } = context
      const { check = false, zone = false, route53 = false } = options
      if (zone && route53)
        throw new CommandFailure('--zone and --route53 are two forms; give one', 'usage')
      const certificate = await certificateOf(context)
      const found = await administration.dns.records({
        domain: name,
        certificate,
        // What stands there already must not be overwritten.
        check: check || route53,
      })
      if (found.kind !== 'records') throw refused(found)
      if (zone) process.write(`${zoneLines(found.records).join('\n')}\n`)
      else if (route53) printRoute53(context, found)
      else printTable(context, found)
      const lacking = found.records.filter(isLacking)
      if (check && lacking.length > 0) {
        const names = lacking.map((record) => `${record.type} ${record.name}`)
        throw new CommandFailure(`not as it must be: ${names.join(', ')}`)
      }
    },
  })
}

/** Of a server it is known there. */
async function certificateOf(context: Context): Promise<string | undefined> {
  if (context.where === 'server') return undefined
  const { publishedCertificate } = await import('#services/assembly/published-certificate.ts')
  return await publishedCertificate(context.backend.settings)
}

const isLacking = ({ need, published }: CheckedRecord) =>
  need === 'must' &&
  published !== undefined &&
  published.kind !== 'met' &&
  published.kind !== 'unknown'

function printTable({ output }: Context, { domain, records, stsPolicy }: DomainRecords): void {
  const shown = records.map(({ isMet: _, isOfKind: _kind, ...record }) => record)
  output.print({ domain, records: shown, stsPolicy: stsPolicy ?? null }, (width) => [
    ...columns(
      [
        'NAME',
        'TYPE',
        'NEED',
        ...(records.some(({ published }) => published) ? ['NOW'] : []),
        'VALUE',
      ],
      records.map(({ name, type, need, published, value }) => [
        name,
        type,
        need,
        ...(published === undefined ? [] : [stateText(published)]),
        value,
      ]),
      width,
    ),
    ...records.flatMap(({ name, type, hint }) =>
      hint === undefined ? [] : [`note: ${type} ${name}: ${hint}`],
    ),
    ...records.flatMap(({ name, type, published }) =>
      published?.kind === 'other' || published?.kind === 'several'
        ? published.found.map((text) => `now:  ${type} ${name}: ${text}`)
        : [],
    ),
    `note: a logo beside its mail (BIMI): TXT default._bimi.${domain}, with DMARC at quarantine or reject`,
    ...(stsPolicy === undefined ? [] : ['', `https://mta-sts.${domain}/.well-known/mta-sts.txt:`]),
    ...(stsPolicy ?? '').split('\r\n').filter((line) => line !== ''),
  ])
}

function stateText(state: PublishedState): string {
  switch (state.kind) {
    case 'met':
      return 'ok'
    case 'other':
      return 'other'
    case 'several':
      return 'several'
    case 'missing':
      return 'missing'
    case 'unknown':
      return 'unknown'
    default:
      return unreachable(state)
  }
}

/**
 * A change replaces all records of a name and type. So what is there and is not ours stays: of texts those of other kinds are taken along,
 * and where another record of the same kind stands an administrator decides.
 */
function printRoute53({ process }: Context, { domain, records }: DomainRecords): void {
  const missing = records.filter(({ published }) => published?.kind === 'missing')
  for (const record of records) {
    const { published, name, type } = record
    if (published?.kind === 'other' || published?.kind === 'several') {
      warn(process, `${type} ${name} has another value and was left out`)
    }
    if (published?.kind === 'unknown') {
      warn(process, `${type} ${name} was left out: ${published.why}`)
    }
  }
  const kept = missing.flatMap(({ name, type, published }) =>
    published?.kind === 'missing' ? published.others.map((value) => ({ name, type, value })) : [],
  )
  const changes = route53Changes([...missing, ...kept], `mail of ${domain}`)
  process.write(`${JSON.stringify(changes, null, 2)}\n`)
}
