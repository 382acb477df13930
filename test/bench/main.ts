// `npm run bench -- smtp|pop3|imap [rounds]` or `npm run bench -- cost`

import { benchCost } from './cost/cost.ts'
import { benchImap } from './imap.ts'
import { benchPop3 } from './pop3.ts'
import { benchSmtp } from './smtp.ts'

const benches = { smtp: benchSmtp, pop3: benchPop3, imap: benchImap, cost: benchCost } as const
const [name = '', rounds = '3'] = process.argv.slice(2)

if (name === 'smtp' || name === 'pop3' || name === 'imap' || name === 'cost') {
  await benches[name](Number(rounds))
} else {
  console.error(`usage: npm run bench -- ${Object.keys(benches).join('|')} [rounds]`)
  process.exitCode = 1
}
