// `postwolke move` as a person types it, from one data folder to another.

import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { WHOLE_FILE_MODE } from '#shared/contracts/maildrop.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { lockForServing } from '#shared/storage/embedded/serving-lock.ts'
import { commandLine } from '#test/support/command-line.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

it('moves a mail system, says what it does, and takes it back', async () => {
  await using folder = await temporaryFolder()
  const [from, to] = [join(folder.path, 'old'), join(folder.path, 'new')]
  await fill(from, 'first')
  const move = (...words: string[]) =>
    commandLine(['move', ...words, '--from', from, '--to', to, '--scratch', folder.path])
  const done = async (...words: string[]) => {
    const ended = await move(...words)
    expect(ended).toMatchObject({ code: 0 })
    return ended.stdout
  }

  // Nothing is there yet, and a rehearsal makes nothing.
  expect(await move('status')).toMatchObject({ code: 69 })
  const nowhere = ['--from', join(folder.path, 'none'), '--to', to]
  expect(await commandLine(['move', 'start', ...nowhere])).toMatchObject({ code: 69 })
  await openEmbeddedStore({ directory: to }).then((store) => store[Symbol.asyncDispose]())
  const rehearsal = await done('start', '--dry-run')
  expect(rehearsal).toMatch(/^mail +\d+ +[1-9]\d*$/m)
  expect(rehearsal).toContain('1 object of 1 to copy\nnothing was written\n')
  expect(rehearsal).toContain('does not move: certificate and key')
  expect(await done('status')).toBe(`no move to the data folder ${to} has begun\n`)
  expect(await move('pass')).toMatchObject({
    code: 69,
    stderr: expect.stringMatching(/move start/),
  })

  const started = await done('start')
  expect(started).toMatch(/^TABLE +ITEMS +WRITTEN +REMOVED$/m)
  expect(started).toMatch(/^1 object copied \(\d+ B\), 0 removed$/m)
  expect(await done('status')).toMatch(
    /: filling, from the data folder .*, 1 pass made\n.*: open\n$/,
  )
  const closed = await commandLine(['domain', 'list', '--data', to])
  expect(closed).toMatchObject({ code: 69, stderr: expect.stringMatching(/is being filled from/) })

  await fill(from, 'second')
  const differing = await move('verify')
  expect(differing).toMatchObject({ code: 1, stderr: 'postwolke: they are not equal\n' })
  expect(differing.stdout).toMatch(
    /^FOLDER +ACCOUNT +SOURCE +TARGET\n\S+ +\S+ +[0-9a-f]{16} +[0-9a-f]{16}$/m,
  )
  const passed = JSON.parse(await done('pass', '--json'))
  expect(passed).toMatchObject({ objects: { copied: 1 }, unknown: 2 }) // what tests put there
  expect(JSON.parse(await done('verify', '--bytes', '--json'))).toMatchObject({
    equal: true,
    folders: { different: [] },
    objects: { count: 2, missing: 0, differentBytes: [] },
  })

  // What programs left is accepted, and not in the store.
  const left = join(from, 'maildrop', 'left')
  await mkdir(join(from, 'maildrop'), { recursive: true })
  await writeFile(left, 'x')
  await chmod(left, WHOLE_FILE_MODE)
  expect(await move('switch')).toMatchObject({
    code: 75,
    stderr: expect.stringContaining('start its server for a moment'),
  })
  expect(await commandLine(['domain', 'list', '--data', from])).toMatchObject({ code: 0 })
  await rm(left)

  // It waits for the server.
  const serving = await lockForServing(from, Date.now())
  await fill(from, 'third')
  const switching = move('switch')
  setTimeout(() => serving[Symbol.dispose](), 1_000)
  const switched = await switching
  expect(switched).toMatchObject({ code: 0 })
  expect(switched.stderr).toContain(`stop the server of ${from} now\n`)
  expect(switched.stdout).toMatch(
    /is open; .* was closed for \d+\.\d s before that, and stays closed/,
  )
  expect(await done('status')).toMatch(/: open, from .*\n.*: moved since/)
  expect(await commandLine(['domain', 'list', '--data', from])).toMatchObject({
    code: 69,
    stderr: expect.stringContaining(`was moved to the data folder ${to}`),
  })
  expect((await commandLine(['domain', 'list', '--data', to])).stdout).toContain('example.test')
  expect(await move('pass')).toMatchObject({ code: 73, stderr: expect.stringMatching(/is over/) })

  expect(await done('undo')).toContain('is open again')
  expect(await move('undo')).toMatchObject({ code: 69 })
  await done('switch')
  await fill(to, 'came')
  expect(await move('undo')).toMatchObject({
    code: 73,
    stderr: expect.stringMatching(/something came to it since; --force/),
  })
  expect(await done('undo', '--force')).toMatch(/differences? left at the target/)
  expect(await commandLine(['domain', 'list', '--data', from])).toMatchObject({ code: 0 })
  expect(await commandLine(['check', '--data', from])).toMatchObject({ code: 0 })
}, 60_000)

async function fill(directory: string, subject: string): Promise<void> {
  await using store = await openEmbeddedStore({ directory })
  const pipeline = createPipeline(store, manualClock(Date.now()))
  const addresses = await Array.fromAsync(pipeline.backend.directory.accounts.list())
  if (addresses.length === 0) await pipeline.addAccount('ann@example.test')
  await pipeline.accept(`Subject: ${subject}\r\n\r\n`, ['ann@example.test'])
  await pipeline.settle()
}
