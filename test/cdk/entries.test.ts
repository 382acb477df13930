// What cdk/README.md asks for when something is added, as far as the compiler does not.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { containerNames, containerOf, functionNames } from '#services/aws/environment.ts'
import { tableLayouts } from '#shared/storage/ports.ts'
import { listenerNames } from '../../cdk/listeners.ts'
import { alarmsOf, scale, standard, syntheses } from './syntheses.ts'
import { at } from './synthesis.ts'

const root = new URL('../../', import.meta.url)
const page = readFileSync(new URL('services/aws/README.md', root), 'utf8')

describe('a function', () => {
  it.each(functionNames)(
    '%s has an entry, a construct and a row on the page of its folder',
    (name) => {
      expect(existsSync(new URL(`services/aws/${name}.ts`, root))).toBe(true)
      expect(existsSync(new URL(`cdk/services/${name}.ts`, root))).toBe(true)
      expect(page).toContain(`| \`${name}.ts\``)
    },
  )

  it.each(functionNames)('%s is deployed where somebody has a use for it', (name) => {
    const deployed = [standard, scale].map(({ templates: { pipeline, api } }) => ({
      ...pipeline.Outputs,
      ...api.Outputs,
    }))
    const key = `${name[0]?.toUpperCase()}${name.slice(1)}Function`
    expect(deployed.filter((outputs) => key in outputs)).not.toEqual([])
  })
})

describe('a container', () => {
  it.each(containerNames)('%s has a construct', (name) => {
    expect(existsSync(new URL(`cdk/services/${name}.ts`, root))).toBe(true)
  })

  it('has each listener', () => {
    expect(Object.keys(containerOf)).toEqual(expect.arrayContaining([...listenerNames]))
  })
})

describe('a table', () => {
  it.each(Object.keys(tableLayouts))('%s has an output and is drawn', (name) => {
    const key = `${name[0]?.toUpperCase()}${name.slice(1)}Table`
    expect(at(standard.templates.data.Outputs, key)).toBeDefined()
    const drawn = JSON.stringify(standard.templates.operations)
    const published = Object.keys(standard.templates.data.Outputs ?? {}).filter(
      (output) => output.startsWith('PublishOutput') && output.includes(key.replace(/Table$/, '')),
    )
    expect(published.some((output) => drawn.includes(output))).toBe(true)
  })
})

describe('a queue that wakes somebody', () => {
  it.each(syntheses)('of %s has an alarm of its own for bells that are old', (_name, synthesis) => {
    const woken = synthesis.find('AWS::Lambda::EventSourceMapping').length
    const watching = [...alarmsOf(synthesis).values()].filter(
      ({ MetricName }) => MetricName === 'ApproximateAgeOfOldestMessage',
    )
    expect(watching).toHaveLength(woken)
  })
})
