// `npm test`: runs every test and ends with one line that counts them, from the runner's own report. Everything random in a run
// comes from one seed, which is printed at the beginning and at the end. What could not be run is named, with what it needs; where CI is set, that is
// a failure. Arguments are passed on to vitest (for example a part of a file name).

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

import { missingPrograms, programs } from './support/programs.ts'
import { chosenSeed } from './support/seed-choice.ts'
import { unpackedCyrus } from './support/unpacked.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'postwolke-test-'))
const report = join(folder, 'report.json')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')

const seed = chosenSeed(process.env.SEED)
const again = `SEED=${seed} npm test`
console.log(`seed ${seed} ('${again}' runs it again)`)

// Five thousand coloured dots are a burden in a log.
const plain = process.stdout.isTTY ? {} : { NO_COLOR: '1' }
const { status } = spawnSync(
  process.execPath,
  [
    vitest,
    'run',
    '--config',
    'test/vitest.config.ts',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...plain, SEED: String(seed) } },
)

const counted: {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  success: boolean
  testResults: { name: string; assertionResults: { status: string; fullName: string }[] }[]
} = JSON.parse(readFileSync(report, 'utf8'))
rmSync(folder, { recursive: true })

// What was not run, and so was not shown. Tests that say [rights] need some of the system that cannot be installed.
let unexcused = 0
for (const { name, assertionResults } of counted.testResults) {
  const without = assertionResults.filter(
    ({ status }) => status !== 'passed' && status !== 'failed',
  )
  unexcused += without.filter(({ fullName }) => !fullName.includes('[rights]')).length
  if (without.length > 0) console.log(`skipped ${without.length} of ${relative(root, name)}`)
}
const skipped = counted.numPendingTests + counted.numTodoTests
const missing = missingPrograms()
if (skipped > 0 && missing.length > 0) {
  const named = missing.map((name) => `${name} (${programs[name]})`).join(', ')
  console.log(`not installed, with Debian's packages: ${named}`)
}
if (skipped > 0 && unpackedCyrus() === undefined) {
  console.log("not unpacked: Cyrus ('node test/support/unpacked.ts' does it)")
}
// Whoever picks some tests by name skips the others on purpose.
const picks = process.argv.slice(2).some((word) => word === '-t' || word.startsWith('--testName'))
const isStrict = (process.env.CI ?? '') !== '' && !picks && unexcused > 0
if (isStrict) console.log('CI is set, where every test has to run: failed')
const isGood = status === 0 && counted.success && counted.numPassedTests > 0
process.exitCode = isGood && !isStrict ? 0 : 1
console.log(`seed ${seed}`)
console.log(
  `${counted.numPassedTests} passed, ${counted.numFailedTests} failed, ${skipped} skipped`,
)
