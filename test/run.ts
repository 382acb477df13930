// `npm test`: runs every test and ends with one line that counts them, from the runner's own report.
// Arguments are passed on to vitest (for example a part of a file name).

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'postwolke-test-'))
const report = join(folder, 'report.json')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')

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
  { cwd: root, stdio: 'inherit', env: { ...process.env, ...plain } },
)

const counted: {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  success: boolean
  testResults: { name: string; assertionResults: { status: string }[] }[]
} = JSON.parse(readFileSync(report, 'utf8'))
rmSync(folder, { recursive: true })

// What was not run, and so was not shown.
for (const { name, assertionResults } of counted.testResults) {
  const without = assertionResults.filter(
    ({ status }) => status !== 'passed' && status !== 'failed',
  )
  if (without.length > 0) console.log(`skipped ${without.length} of ${relative(root, name)}`)
}
const skipped = counted.numPendingTests + counted.numTodoTests
console.log(
  `${counted.numPassedTests} passed, ${counted.numFailedTests} failed, ${skipped} skipped`,
)
process.exitCode = status === 0 && counted.success && counted.numPassedTests > 0 ? 0 : 1
