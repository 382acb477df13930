// Every service begins with its manual page, whose sections have the same names in the same order everywhere.

import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const services = new URL('../../services/', import.meta.url)

const ofServices = [
  'Summary',
  'Receives',
  'Hands on',
  'Standards',
  'Security',
  'Configuration',
  'Diagnostics',
  'Limits',
]

/** What puts services together receives and hands on nothing itself. */
const ofRoots = ['Summary', 'Configuration', 'Diagnostics', 'Security']
const roots = new Set(['assembly', 'aws', 'cli', 'one-machine'])

describe('the manual page of each service', () => {
  const names = readdirSync(services, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

  it.each(names)('%s', (name) => {
    const page = new URL(`${name}/README.md`, services)
    expect(existsSync(page)).toBe(true)
    const text = readFileSync(page, 'utf8')
    expect(/^# ([\w-]+)(: .*)?\n/.exec(text)?.[1]).toBe(name)
    const sections = [...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)
    const wanted = roots.has(name) ? ofRoots : ofServices
    // Others may stand between them.
    expect(sections.filter((title) => wanted.includes(title ?? ''))).toEqual(wanted)
  })
})

describe('what test/README.md says where to look', () => {
  const tests = new URL('../', import.meta.url)
  const [, table = ''] = readFileSync(new URL('README.md', tests), 'utf8').split('## Where')
  const places = [...table.matchAll(/`([^`]+)`/g)].map(([, place = '']) => place)

  it.each(places.filter((place) => place !== 'CI'))('%s is there', (place) => {
    // Each of those in braces.
    const [, before = '', names = place, after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(place) ?? []
    for (const name of names.split(',')) {
      expect(globSync(`${before}${name}${after}`, { cwd: tests })).not.toEqual([])
    }
  })
})
