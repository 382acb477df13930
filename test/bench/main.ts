// `npm run bench -- smtp [rounds] [settings]`, `pop3|imap [rounds]`, `cost`, `hostile [functions|commands] [name]`, `fuzz [minutes] [seed]`, `receipt [words]`, `authentication`, `policy [rounds]`, `outbound [rounds]`, `api [accounts]`, `import [messages] [rounds]`, `start [rounds]`, `sieve [rounds]` `scheduler [messages]` or `sieve-language [rounds]`

import { benchApi } from './api.ts'
import { benchAuthentication } from './authentication.ts'
import { benchCost } from './cost/cost.ts'
import { benchFuzz } from './fuzz/fuzz.ts'
import { benchHostile } from './hostile/hostile.ts'
import { benchImap } from './imap.ts'
import { benchImport } from './import.ts'
import { benchOutbound } from './outbound/bench.ts'
import { benchPolicy } from './policy.ts'
import { benchPop3 } from './pop3.ts'
import { benchReceipt } from './receipt/receipt.ts'
import { benchScheduler } from './scheduler.ts'
import { benchSieve } from './sieve.ts'
import { benchSieveLanguage } from './sieve-language.ts'
import { benchSmtp } from './smtp.ts'
import { benchStart } from './start.ts'
import { benchTrace } from './trace.ts'

const rounds = (of: (rounds: number) => Promise<void>) => (given: string | undefined) =>
  of(Number(given ?? '3'))

const benches = new Map<string, (...words: readonly (string | undefined)[]) => Promise<void>>([
  ['smtp', benchSmtp],
  ['pop3', rounds(benchPop3)],
  ['imap', rounds(benchImap)],
  ['cost', rounds(benchCost)],
  ['import', benchImport],
  ['hostile', benchHostile],
  ['fuzz', benchFuzz],
  ['receipt', benchReceipt],
  ['api', benchApi],
  ['authentication', benchAuthentication],
  ['policy', benchPolicy],
  ['outbound', benchOutbound],
  ['start', rounds(benchStart)],
  ['sieve', rounds(benchSieve)],
  ['trace', benchTrace],
  ['scheduler', benchScheduler],
  ['sieve-language', benchSieveLanguage],
])

const [name = '', ...words] = process.argv.slice(2)
const bench = benches.get(name)

if (bench === undefined) {
  console.error(`usage: npm run bench -- ${[...benches.keys()].join('|')} [rounds]`)
  process.exitCode = 1
} else {
  await bench(...words)
}
