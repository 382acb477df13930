import { describe } from 'vitest'
import { hasDynamoDb, openAws } from '#test/support/emulators/open-test-aws-store.ts'
import { describeRates } from './rates.ts'

describe.skipIf(!(await hasDynamoDb()))('DynamoDB Local', () => {
  describeRates('aws', () => openAws())
})
