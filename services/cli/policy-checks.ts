// What the checks of mail say, asked now and of any name server.

import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { ArrivingSignatures } from '#services/authentication/arriving-signatures.ts'
import { evaluateDmarc } from '#services/authentication/dmarc.ts'
import {
  type MailauthResolver,
  mailauthResolver,
} from '#services/authentication/mailauth-resolver.ts'
import { checkSignatures, loadMailauth } from '#services/authentication/signatures.ts'
import { createSpfCheck } from '#services/authentication/spf.ts'
import type { SpfResult } from '#shared/contracts/authentication.ts'
import { createAnyNameResolver } from '#shared/dns/any-name-resolver.ts'
import { parseServer } from '#shared/dns/exchange.ts'
import { createSystemResolver, DNS_TRIES, DNS_TRY_TIMEOUT_MS } from '#shared/dns/system-resolver.ts'
import type { Process } from './context.ts'
import { CommandFailure } from './failure.ts'
import { createOutput } from './output.ts'

export type CheckOptions = {
  /** Of the message; undefined: standard input. */
  readonly file?: string | undefined
  readonly ip?: string
  readonly helo?: string
  readonly sender?: string
  readonly dns?: string
  readonly json?: boolean
}

export async function checkSpf(options: CheckOptions, process: Process): Promise<void> {
  const { dns, output } = begin(options, process)
  const result = await spfOf(options, dns)
  output.print(result, () => [
    `${result.result}: ${result.identity} ${result.domain}`,
    ...(result.explanation === undefined ? [] : [result.explanation]),
  ])
}

export async function checkDkim(options: CheckOptions, process: Process): Promise<void> {
  const { resolver, output } = begin(options, process)
  const { dkim: signatures, ignored } = await signaturesOf(await read(options, process), resolver)
  output.print(signatures, () => [
    ...signatures.map(
      ({ result, domain, selector, reason }) =>
        `${result}: ${domain} ${selector}${reason === undefined ? '' : ` (${reason})`}`,
    ),
    ...(signatures.length + ignored === 0 ? ['none: no signature'] : []),
    ...(ignored > 0 ? [`${ignored} more signatures were not looked at`] : []),
  ])
}

export async function checkDmarc(options: CheckOptions, process: Process): Promise<void> {
  const { dns, resolver, output } = begin(options, process)
  const signatures = await signaturesOf(await read(options, process), resolver)
  const spf: SpfResult =
    options.ip === undefined
      ? { result: 'none', identity: 'mailfrom', domain: '' }
      : await spfOf(options, dns)
  const result = await evaluateDmarc(signatures, spf, resolver)
  output.print(result, () => [
    `${result.result}${'from' in result ? `: ${result.from}` : `: ${result.reason}`}`,
    ...('record' in result ? [`${result.record.domain}: ${result.record.text}`] : []),
  ])
}

export async function checkArc(options: CheckOptions, process: Process): Promise<void> {
  const { resolver, output } = begin(options, process)
  const { arc: result } = await signaturesOf(await read(options, process), resolver)
  output.print(result, () => [
    `${result.result}${result.reason === undefined ? '' : ` (${result.reason})`}`,
    ...result.sets.map(({ sealer, dmarc }) => `${sealer}: dmarc=${dmarc?.result ?? 'unknown'}`),
  ])
}

function begin({ dns: server, json }: CheckOptions, process: Process) {
  const servers = server === undefined ? [] : [checkedServer(server)]
  const limits = { timeoutMs: DNS_TRY_TIMEOUT_MS, tries: DNS_TRIES }
  const dns = createAnyNameResolver(createSystemResolver({ servers }), { servers, ...limits })
  return {
    dns,
    resolver: mailauthResolver(dns),
    output: createOutput(json === true, process.write),
  }
}

export function checkedServer(server: string): string {
  if (parseServer(server) !== undefined) return server
  throw new CommandFailure(`--dns: '${server}' is no IP address with or without a port`, 'usage')
}

async function spfOf(
  { ip = '', helo = '', sender = '' }: CheckOptions,
  dns: Parameters<typeof mailauthResolver>[0],
) {
  if (isIP(ip) === 0) throw new CommandFailure(`--ip: '${ip}' is no IP address`, 'usage')
  return createSpfCheck({ hostname: 'localhost' })({ address: ip, helo, sender }, dns)
}

async function read({ file }: CheckOptions, process: Process): Promise<Buffer> {
  const bytes =
    file === undefined
      ? await process.readStdin('The message, then Ctrl-D:')
      : await readFile(file).catch((error: unknown) => {
          throw new CommandFailure(`cannot read ${file}: ${String(error)}`, 'noInput')
        })
  // Files of messages have the line ends of the machine; those that travel have CRLF, and that is what is signed.
  return Buffer.from(Buffer.from(bytes).toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
}

async function signaturesOf(bytes: Buffer, resolver: MailauthResolver) {
  const mailauth = await loadMailauth()
  const now = new Date()
  const message = new ArrivingSignatures((fields) =>
    checkSignatures(mailauth, fields, resolver, now),
  )
  message.push(bytes)
  message.finish()
  if (message.notJudged !== undefined) throw new CommandFailure(message.notJudged, 'data')
  return message.signatures()
}
