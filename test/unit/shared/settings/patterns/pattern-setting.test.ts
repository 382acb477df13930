import { describe, expect, it } from 'vitest'
import { loadSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'

const files = new Map([['/etc/header_checks', '# costs\n/\\$([0-9]+)/ WARN $1 dollars\n']])

function load(text: string) {
  const readFile = (path: string) => {
    const content = files.get(path)
    if (content === undefined) throw new Error('no such file')
    return content
  }
  return loadSettings({ file: { path: 'c.toml', text }, environment: {}, overrides: [], readFile })
}

function settingsOf(text: string) {
  const loaded = load(text)
  if (loaded.kind === 'invalid') throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return loaded.settings
}

function problemsOf(text: string) {
  const loaded = load(text)
  return loaded.kind === 'invalid' ? loaded.problems.map(formatProblem) : []
}

describe('headerChecks', () => {
  it('are lines in the configuration, and hold for MIME and attached messages too', () => {
    const text = "headerChecks = '''\n/^Subject: (a)$/ REJECT no $1\n/b/ HOLD\n'''"
    const { headerChecks, mimeHeaderChecks, nestedHeaderChecks, bodyChecks } = settingsOf(text)
    expect(headerChecks.rules.map(({ source }) => source)).toEqual(['^Subject: (a)$', 'b'])
    expect(mimeHeaderChecks.rules).toEqual(headerChecks.rules)
    expect(nestedHeaderChecks.rules).toEqual(headerChecks.rules)
    expect(bodyChecks.rules).toEqual([])
  })

  it.each(['/etc/header_checks', 'regexp:/etc/header_checks', 'pcre:/etc/header_checks'])(
    'are the lines of a file: %s',
    (value) => {
      const { headerChecks, nestedHeaderChecks } = settingsOf(`headerChecks = "${value}"`)
      expect(headerChecks.rules).toMatchObject([
        { source: '\\$([0-9]+)', action: { verb: 'warn', text: '$1 dollars' } },
      ])
      expect(nestedHeaderChecks.rules).toEqual(headerChecks.rules)
    },
  )

  it('may be others for MIME', () => {
    const text = "headerChecks = '/a/ HOLD'\nmimeHeaderChecks = ''"
    expect(settingsOf(text).mimeHeaderChecks.rules).toEqual([])
  })

  it('tell where they are wrong, once', () => {
    expect(problemsOf("headerChecks = '''\n/a/ HOLD\n/b/ NOSUCH'''")).toEqual([
      'headerChecks: line 2: unknown action: NOSUCH',
    ])
    expect(problemsOf('headerChecks = "/etc/nothing"')[0]).toContain('cannot read /etc/nothing')
    expect(problemsOf("bodyChecks = '/(/ HOLD'")).toEqual([
      expect.stringContaining('bodyChecks: line 1: Invalid regular expression'),
    ])
  })
})
