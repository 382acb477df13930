import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseMasterCf } from '#shared/moving/configurations/postfix/master-cf.ts'
import { fixturePath } from '#test/support/moving-fixtures.ts'
import { isInstalled, runProgram } from '#test/support/program.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const text = `# services
smtp      inet  n       -       y       -       -       smtpd
127.0.0.1:10025 inet n  -       n       -       -       smtpd
  -o content_filter=
  -o { smtpd_recipient_restrictions = permit_mynetworks, reject }
  # a comment in between
  -o mynetworks=127.0.0.0/8
  -o mynetworks=10.0.0.0/8
dovecot   unix  -       n       n       -       -       pipe
  flags=DRhu user=vmail:vmail argv=/usr/lib/dovecot/deliver -f \${sender} -d { a b }
`

describe('master.cf', () => {
  const { services, faults } = parseMasterCf(text)

  it('has services, with the programs that run', () => {
    expect(faults).toEqual([])
    expect(services.map(({ name, type, command, line }) => [name, type, command, line])).toEqual([
      ['smtp', 'inet', 'smtpd', 2],
      ['127.0.0.1:10025', 'inet', 'smtpd', 3],
      ['dovecot', 'unix', 'pipe', 9],
    ])
  })

  it('has values of their own for them, the last of which counts', () => {
    expect([...(services[1]?.overrides ?? [])]).toEqual([
      ['content_filter', ''],
      ['smtpd_recipient_restrictions', 'permit_mynetworks, reject'],
      ['mynetworks', '10.0.0.0/8'],
    ])
    expect(services[2]?.words).toContain('a b')
  })

  it('has them without a blank too', () => {
    const read = parseMasterCf('smtp inet n - y - - smtpd -osmtpd_helo_required=no -v\n')
    expect([...(read.services[0]?.overrides ?? [])]).toEqual([['smtpd_helo_required', 'no']])
    expect(read.services[0]?.words).toEqual(['-v'])
  })

  it('tells lines that are no services', () => {
    const read = parseMasterCf(
      'smtp inet n\nx y - - - - - z\nsmtp unix - - y - - smtp -o nothing\n{a',
    )
    expect(read.faults.map(({ line }) => line)).toEqual([1, 2, 3, 4])
  })

  it.skipIf(!isInstalled('postconf'))('says what `postconf -P` says', async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'main.cf'), 'compatibility_level = 3.6\n')
    await writeFile(join(folder.path, 'master.cf'), text)
    for (const conf of [folder.path, fixturePath('isp/etc/postfix')]) {
      const { stdout } = await runProgram('postconf', ['-c', conf, '-P'])
      const theirs = stdout.split('\n').filter((line) => line !== '')
      expect(theirs.length).toBeGreaterThan(2)
      const { stdout: file } = await runProgram('cat', [join(conf, 'master.cf')])
      const ours = parseMasterCf(file).services.flatMap(({ name, type, overrides }) =>
        [...overrides].map(([parameter, value]) => `${name}/${type}/${parameter} = ${value}`),
      )
      const folded = (lines: readonly string[]) => lines.map((line) => line.trim()).sort()
      expect(folded(ours)).toEqual(folded(theirs))
    }
  })
})
