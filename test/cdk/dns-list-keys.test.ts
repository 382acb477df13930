// Keys of DNS lists: the function that asks the lists reads their secrets, and nobody else does.

import { expect, it } from 'vitest'
import { deploymentFiles } from './deployment-files.ts'
import { permissions } from './roles.ts'
import { synthesize } from './synthesis.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:dqs-AbCdEf'

it('policy alone reads the keys of DNS lists', () => {
  const synthesis = synthesize(`${deploymentFiles.hobby}\n[mail]\ndnsListKeys = "dqs=${arn}"\n`)
  const readers = permissions(synthesis).filter(({ resource }) => resource === arn)
  expect(readers).toEqual([
    {
      role: expect.stringMatching(/policy/i),
      action: 'secretsmanager:GetSecretValue',
      resource: arn,
      condition: '',
    },
  ])
})
