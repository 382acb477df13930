import { describe, expect, it } from 'vitest'
import { environments } from '#services/aws/environment.ts'
import { startProcess } from '#services/aws/process.ts'

function environmentOf(variables: readonly string[]) {
  return Object.fromEntries(variables.map((variable) => [variable, 'x']))
}

describe('startProcess', () => {
  it('takes the variables of the entry and the mail settings', () => {
    const { settings, region, variables } = startProcess('sweeper', {
      ...environmentOf(environments.sweeper),
      METRICS_NAMESPACE: 'Postwolke/test',
      AWS_REGION: 'eu-central-1',
      POSTWOLKE_HOSTNAME: 'mail.example.org',
    })
    expect(settings.hostname).toBe('mail.example.org')
    expect(region).toBe('eu-central-1')
    expect(variables.QUEUE_TABLE).toBe('x')
  })

  it('names everything that is missing or not allowed at once', () => {
    const start = () =>
      startProcess('sweeper', { QUEUE_TABLE: 'q', POSTWOLKE_MESSAGE_SIZE_LIMIT: 'much' })
    expect(start).toThrow(/sweeper needs the variable INCOMING_QUEUE_URL/)
    expect(start).toThrow(/sweeper needs the variable AWS_REGION/)
    expect(start).toThrow(/messageSizeLimit cannot be 'much'/)
  })
})
