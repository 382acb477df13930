// Debian's policyd-weight as a program that reads requests and writes answers, with a name server of the test's and without its caches.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isInstalled, runProgram } from './program.ts'
import { temporaryFolder } from './temporary-folder.ts'

export const hasPolicydWeight = isInstalled('policyd-weight')

export type PolicydRequest = {
  readonly clientAddress: string
  /** `unknown` for none. */
  readonly clientName: string
  readonly helo: string
  readonly sender: string
  readonly recipient: string
}

export type PolicydAnswer = {
  /** As Postfix gets it: `PREPEND X-policyd-weight: …`, `550 …`. */
  readonly action: string
  /** What it logs of its judgement; '' where it judged nothing. */
  readonly log: string
}

/** `lines`: of its configuration, which is Perl. */
export async function runPolicydWeight(
  requests: readonly PolicydRequest[],
  { dnsPort, lines }: { readonly dnsPort: number; readonly lines: readonly string[] },
): Promise<readonly PolicydAnswer[]> {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'policyd-weight.conf')
  const all = [
    // What it would tell syslog it says on its output, before the answer.
    '{ no warnings; *main::syslog = sub { shift; printf("log=" . shift() . "\\n", @_) };',
    '*main::openlog = sub { 1 }; *main::setlogsock = sub { 1 } }',
    `$LOCKPATH = '${folder.path}/lock/';`,
    `$SPATH = '${folder.path}/lock/socket';`,
    `$PIDFILE = '${folder.path}/pid';`,
    '$USE_NET_DNS = 1;',
    '$CACHESIZE = 0; $POSCACHESIZE = 0;',
    '$DNS_RETRIES = 1; $DNS_RETRY_IVAL = 1;',
    ...lines,
    '1;',
  ]
  await writeFile(file, `${all.join('\n')}\n`)
  const { stdout } = await runProgram('policyd-weight', ['-f', file], {
    input: requests.map(requestText).join(''),
    environment: { RES_NAMESERVERS: '127.0.0.1', RES_OPTIONS: `port:${dnsPort}` },
    folder: folder.path,
  })
  return answersIn(stdout)
}

function requestText(request: PolicydRequest, n: number): string {
  return `${[
    'request=smtpd_access_policy',
    'protocol_state=RCPT',
    'protocol_name=ESMTP',
    'queue_id=',
    `helo_name=${request.helo}`,
    `sender=${request.sender}`,
    `recipient=${request.recipient}`,
    `client_address=${request.clientAddress}`,
    `client_name=${request.clientName}`,
    `reverse_client_name=${request.clientName}`,
    `instance=${n}`,
  ].join('\n')}\n\n`
}

function answersIn(output: string): readonly PolicydAnswer[] {
  const answers: PolicydAnswer[] = []
  let log = ''
  for (const line of output.split('\n')) {
    if (line.startsWith('log=weighted check: ')) log = line.slice('log=weighted check: '.length)
    if (!line.startsWith('action=')) continue
    answers.push({ action: line.slice('action='.length), log })
    log = ''
  }
  return answers
}
