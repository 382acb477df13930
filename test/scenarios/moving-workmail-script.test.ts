// The commands of docs/moving-workmail.md that write what WorkMail says into a folder, run as they stand there, with an `aws` that answers for an
// organization: what they write is what `--from` reads.

import { execFileSync } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { readOrganization } from '#shared/moving/workmail/read-organization.ts'
import { answersIn } from '#shared/moving/workmail/saved-answers.ts'
import { saveAnswers } from '#test/support/aws/saved-workmail.ts'
import { ORGANIZATION_ID, organization } from '#test/support/aws/workmail-organization.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const page = fileURLToPath(new URL('../../docs/moving-workmail.md', import.meta.url))

/** Prints an answer that was saved, or with --query one member of each entry of a list. */
const aws = (answers: string) => `#!${process.execPath}
const { readFileSync } = require('node:fs')
const [workmail, command, ...words] = process.argv.slice(2)
const option = (name) => words.includes(name) ? words[words.indexOf(name) + 1] : undefined
if (workmail !== 'workmail' || option('--organization-id') !== '${ORGANIZATION_ID}') process.exit(2)
if (option('--region') !== 'eu-west-1') process.exit(2)
const of = ['--domain-name', '--entity-id', '--user-id', '--group-id', '--resource-id'].map(option).find(Boolean)
const text = readFileSync('${answers}/' + command + (of ? '.' + of : '') + '.json', 'utf8')
const [, list, member] = /^([A-Za-z]+)\\[\\]\\.([A-Za-z]+)$/.exec(option('--query') ?? '') ?? []
if (list === undefined && option('--output') !== 'json') process.exit(2)
process.stdout.write(list === undefined ? text : JSON.parse(text)[list].map((one) => one[member]).join('\\t') + '\\n')
`

it('writes what the import reads', async () => {
  const resources = new AsyncDisposableStack()
  onTestFinished(() => resources.disposeAsync())
  const answers = resources.use(await temporaryFolder()).path
  const bin = resources.use(await temporaryFolder()).path
  const written = resources.use(await temporaryFolder()).path
  await saveAnswers(organization, answers)
  await writeFile(join(bin, 'aws'), aws(answers))
  await chmod(join(bin, 'aws'), 0o755)
  const [, script = ''] = /```sh\n(.*?)```/s.exec(await readFile(page, 'utf8')) ?? []
  expect(script).toContain('list-users')
  execFileSync('sh', ['-eu', '-c', script], {
    cwd: written,
    env: { PATH: `${bin}:/usr/bin:/bin`, ORGANIZATION: ORGANIZATION_ID, REGION: 'eu-west-1' },
  })
  const told = await readOrganization(answersIn(written))
  expect(told).toMatchObject({ kind: 'organization', organization: { gaps: [] } })
  expect(told).toEqual(await readOrganization(answersIn(answers)))
}, 60_000)
