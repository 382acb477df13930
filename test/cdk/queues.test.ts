// The doorbell queues and those of dead bells.

import { describe, expect, it } from 'vitest'
import { queueLayouts } from '#shared/storage/ports.ts'
import { CLEANUP_TIMEOUT } from '../../cdk/services/cleanup.ts'
import { DELIVERY_TIMEOUT } from '../../cdk/services/delivery.ts'
import { functionsOf } from './entries.ts'
import { readable } from './readable.ts'
import { standard } from './syntheses.ts'
import { at, list } from './synthesis.ts'

const DAY = 24 * 3600

describe('queues', () => {
  const queues = standard.find('AWS::SQS::Queue')
  const named = (name: string) => {
    const found = queues.find(
      ({ Properties, id }) =>
        Properties && id.replace(/[0-9A-F]{8}$/, '') === `Queues${name.replace('-', '')}`,
    )
    return found?.Properties
  }

  it('keep a bell with its worker for six times as long as it may run, and deliver it ten times', () => {
    for (const [name, timeout] of [
      ['incoming', CLEANUP_TIMEOUT],
      ['active', DELIVERY_TIMEOUT],
      ['deferred', DELIVERY_TIMEOUT],
    ] as const) {
      expect(at(named(name), 'VisibilityTimeout')).toBe(6 * timeout.toSeconds())
      expect(queueLayouts[name].receivesMax).toBeGreaterThanOrEqual(10)
    }
  })

  it('are those of the port', () => {
    expect(queues).toHaveLength(Object.keys(queueLayouts).length)
    for (const { name, receivesMax, ...layout } of Object.values(queueLayouts)) {
      const deadLetter = 'deadLetter' in layout ? layout.deadLetter : undefined
      const redrive = named(name)?.RedrivePolicy
      expect(at(redrive, 'maxReceiveCount')).toBe(deadLetter && receivesMax)
      expect(at(named(name), 'MessageRetentionPeriod')).toBe(deadLetter ? 4 * DAY : 14 * DAY)
      if (deadLetter !== undefined) {
        expect(readable(at(redrive, 'deadLetterTargetArn'), standard)).toBe(
          `Queues${deadLetter.replace('-', '')}.Arn`,
        )
      }
    }
  })

  it('are encrypted and refuse whoever comes without TLS', () => {
    for (const { Properties } of queues) expect(Properties.SqsManagedSseEnabled).toBe(true)
    const policies = standard.find('AWS::SQS::QueuePolicy')
    expect(policies).toHaveLength(queues.length)
    const refusing = policies.map(({ Properties }) =>
      readable(list(Properties.Queues)[0], standard),
    )
    expect(new Set(refusing).size).toBe(queues.length)
    for (const { Properties } of policies) {
      expect(readable(at(Properties, 'PolicyDocument.Statement.0.Resource'), standard)).toBe(
        `${readable(list(Properties.Queues)[0], standard)}.Arn`,
      )
      expect(at(Properties, 'PolicyDocument.Statement')).toMatchObject([
        {
          Effect: 'Deny',
          Action: 'sqs:*',
          Principal: { AWS: '*' },
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ])
    }
  })

  it('leave a bell with its function for as long as that may run', () => {
    for (const { Properties } of standard.find('AWS::Lambda::EventSourceMapping')) {
      const queue = readable(Properties.EventSourceArn, standard).replace(/\.Arn$/, '')
      const timeout = functionsOf(standard).find(
        ({ id }) => id === readable(Properties.FunctionName, standard),
      )?.properties.Timeout
      const visible = queues.find(
        ({ id }) => id.startsWith(queue) && id.length === queue.length + 8,
      )
      expect(timeout).toBeGreaterThan(0)
      expect(at(visible, 'Properties.VisibilityTimeout')).toBeGreaterThan(Number(timeout))
    }
  })
})
