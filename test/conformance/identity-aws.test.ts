import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeIdentity } from './identity.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeIdentity('aws', () => openAws())
})
