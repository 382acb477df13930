// Where domains are sent reports, and only there, may listeners count what came in their name.

import { expect, it } from 'vitest'
import { deploymentFiles } from './deployment-files.ts'
import { permissions } from './roles.ts'
import { scale } from './syntheses.ts'
import { type Synthesis, synthesize } from './synthesis.ts'

const counting = (synthesis: Synthesis) =>
  permissions(synthesis)
    .filter(({ condition }) => JSON.stringify(condition ?? {}).includes('DMARC#*'))
    .map(({ role, action }) => `${role} ${action}`)
    .sort()

it('containers count for DMARC reports where these are sent', () => {
  const with_ = synthesize(`${deploymentFiles.scale}\n[mail]\ndmarcReports = true\n`)
  expect(counting(with_)).toEqual([
    'smtpTaskTaskRole dynamodb:PutItem',
    'smtpTaskTaskRole dynamodb:Query',
    'smtpTaskTaskRole dynamodb:UpdateItem',
  ])
  expect(counting(scale)).toEqual([])
})
