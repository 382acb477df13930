// One heading for each alarm in docs/runbooks.md, by its name, and below it when the alarm rings, as the templates say it.

import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { deploymentFiles } from './deployment-files.ts'
import { alarmsOf, syntheses } from './syntheses.ts'
import { at, list, synthesize } from './synthesis.ts'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('docs/runbooks.md', root), 'utf8')
const code = globSync('{services,shared}/**/*.ts', { cwd: root })
  .map((path) => readFileSync(new URL(path, root), 'utf8'))
  .join()
const queries = [...page.matchAll(/`(filter [^`]*)`/g)].map(([, query = '']) => query)

/** Its presets are those of the others. */
const direct = synthesize(deploymentFiles.direct)

/** Of any deployment: some have alarms that others have no use for. */
const alarmNames = [
  ...new Set(
    [...syntheses.map(([, synthesis]) => synthesis), direct].flatMap((synthesis) => [
      ...alarmsOf(synthesis).keys(),
    ]),
  ),
].sort()

const comparisons: { readonly [operator: string]: string } = {
  GreaterThanThreshold: 'more than',
  LessThanThreshold: 'less than',
}

/** `Rings at more than 20 (hobby), 100 (standard), 500 (scale) in 2 of 3 periods of 5 minutes.` */
function ringsAt(name: string): string {
  const facts = syntheses.flatMap(([preset, synthesis]) => {
    const alarm = alarmsOf(synthesis).get(name)
    return alarm === undefined ? [] : [{ preset, alarm }]
  })
  const only = alarmsOf(direct).get(name)
  if (facts.length === 0 && only !== undefined) facts.push({ preset: 'standard', alarm: only })
  const [first] = facts
  if (first === undefined) throw new Error(name)
  const { alarm } = first
  const thresholds = new Set(facts.map(({ alarm: { Threshold } }) => Threshold))
  const shown =
    thresholds.size === 1
      ? `${alarm.Threshold}`
      : facts.map(({ preset, alarm: { Threshold } }) => `${Threshold} (${preset})`).join(', ')
  const comparison = comparisons[`${alarm.ComparisonOperator}`]
  if (comparison === undefined) throw new Error(`${alarm.ComparisonOperator}`)
  const bad = Number(alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods)
  const periods = Number(alarm.EvaluationPeriods)
  const looked = duration(periodSeconds(alarm))
  const often = periods === 1 ? `in ${looked}` : `in ${bad} of ${periods} periods of ${looked}`
  return `Rings at ${comparison} ${shown} ${often}.`
}

/** Of the alarm, or of the metrics that it computes with. */
function periodSeconds(alarm: Readonly<Record<string, unknown>>): number {
  if (alarm.Period !== undefined) return Number(alarm.Period)
  const periods = list(alarm.Metrics).map((metric) => at(metric, 'MetricStat.Period') ?? 0)
  return Math.max(...periods.map(Number))
}

function duration(seconds: number): string {
  const units = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ] as const
  const [unitSeconds, unit] = units.find(([size]) => seconds % size === 0) ?? [1, 'second']
  const count = seconds / unitSeconds
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`
}

describe('docs/runbooks.md', () => {
  it('has a heading for every alarm, and an alarm for every heading', () => {
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(headings.sort()).toEqual(alarmNames)
  })

  it('asks the log for lines that are written', () => {
    const asked = queries.flatMap((query) => [...query.matchAll(/message = "([^"]*)"/g)])
    expect(asked.length).toBeGreaterThan(5)
    for (const [, line] of asked) expect(code).toContain(`'${line}'`)
  })

  it('tells results of one kind apart by more than their kind', () => {
    const ofResults = queries.filter((query) => /message = "(?:deferred|failed)"/.test(query))
    for (const query of ofResults) expect(query).not.toMatch(/\bstatus\b/)
  })

  it.each(alarmNames)('says when %s rings', (name) => {
    const [, below] = page.split(`\n## ${name}\n\n`)
    expect(below?.slice(0, below.indexOf('\n'))).toBe(ringsAt(name))
  })
})
