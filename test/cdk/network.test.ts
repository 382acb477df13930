// The network: what it leads to and what it costs.

import { describe, expect, it } from 'vitest'
import { readable } from './readable.ts'
import { permissions } from './roles.ts'
import { hobby, scale, standard, syntheses } from './syntheses.ts'
import { at, list } from './synthesis.ts'

describe('the network', () => {
  it.each([
    ['hobby', hobby, 1],
    ['standard', standard, 2],
    ['scale', scale, 3],
  ] as const)('of %s has a public subnet in each zone', (_name, { find }, zones) => {
    const subnets = find('AWS::EC2::Subnet').map(({ Properties }) => Properties)
    expect(subnets.map((subnet) => at(subnet, 'AvailabilityZone'))).toEqual(
      Array.from({ length: zones }, (_, n) => ({ 'Fn::Select': [n, { 'Fn::GetAZs': '' }] })),
    )
    expect(subnets.map(({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch)).toEqual(
      subnets.map(() => false),
    )
  })

  it.each(syntheses)(
    'of %s has no NAT gateway and only endpoints that cost nothing',
    (_name, { find }) => {
      expect(find('AWS::EC2::NatGateway')).toEqual([])
      const endpoints = find('AWS::EC2::VPCEndpoint')
      expect(endpoints.map(({ Properties }) => Properties.VpcEndpointType)).toEqual([
        'Gateway',
        'Gateway',
      ])
    },
  )

  it('lets its endpoints lead to nothing but our tables, our objects and layers of images', () => {
    const endpoints = standard.find('AWS::EC2::VPCEndpoint')
    expect(endpoints.map(({ Properties }) => readable(Properties.ServiceName, standard))).toEqual([
      'com.amazonaws.AWS::Region.dynamodb',
      'com.amazonaws.AWS::Region.s3',
    ])
    const resources = endpoints
      .flatMap(({ Properties }) => list(at(Properties, 'PolicyDocument.Statement')))
      .flatMap((statement) => list(at(statement, 'Resource')))
    expect(resources.map((resource) => readable(resource, standard))).toEqual([
      'StorageDirectory.Arn',
      'StorageMail.Arn',
      'StorageQueue.Arn',
      'StorageCounters.Arn',
      'StorageObjects.Arn/mail/*',
      'StorageObjects.Arn',
      'arn:AWS::Partition:s3:::prod-AWS::Region-starport-layer-bucket/*',
    ])
  })

  it.each(syntheses)(
    'of %s leads out of each subnet by the internet gateway',
    (_name, synthesis) => {
      const said = (value: unknown) => readable(value, synthesis)
      const [internet] = synthesis.find('AWS::EC2::InternetGateway')
      const gateway = said({ Ref: internet?.id })
      const routes = synthesis
        .find('AWS::EC2::Route')
        .map(({ Properties }) => [
          said(Properties.RouteTableId),
          Properties.DestinationCidrBlock,
          said(Properties.GatewayId),
        ])
      const tables = synthesis
        .find('AWS::EC2::SubnetRouteTableAssociation')
        .map(({ Properties }) => [said(Properties.SubnetId), said(Properties.RouteTableId)])
      const subnets = synthesis.find('AWS::EC2::Subnet').map(({ id }) => said({ Ref: id }))
      expect(tables.map(([subnet]) => subnet)).toEqual(subnets)
      expect(routes).toEqual(tables.map(([, table]) => [table, '0.0.0.0/0', gateway]))
      const [attached] = synthesis.find('AWS::EC2::VPCGatewayAttachment')
      expect(said(attached?.Properties.InternetGatewayId)).toBe(gateway)
      for (const { Properties } of synthesis.find('AWS::EC2::VPCEndpoint')) {
        expect(list(Properties.RouteTableIds).map(said)).toEqual(tables.map(([, table]) => table))
      }
    },
  )

  it.each(syntheses)(
    'of %s lets calls of containers through, and no others',
    (_name, synthesis) => {
      const through = synthesis
        .find('AWS::EC2::VPCEndpoint')
        .flatMap(({ Properties }) => list(at(Properties, 'PolicyDocument.Statement')))
        .filter((statement) => at(statement, 'Effect') === 'Allow')
        .flatMap((statement) =>
          list(at(statement, 'Resource')).flatMap((resource) =>
            list(at(statement, 'Action')).map(
              (action) => `${action} on ${readable(resource, synthesis)}`,
            ),
          ),
        )
      const called = permissions(synthesis)
        .filter(
          ({ role, action }) => role.endsWith('TaskTaskRole') && /^(?:dynamodb|s3):/.test(action),
        )
        .map(({ action, resource }) => `${action} on ${resource}`)
      expect(new Set(called).difference(new Set(through))).toEqual(new Set())
      // Whatever some container may do to a table or an object, and nothing that none may.
      const actions = new Set(called.map((call) => call.replace(/ on .*/, '')))
      expect(new Set(through.map((call) => call.replace(/ on .*/, '')))).toEqual(actions)
    },
  )

  it('writes all flows into the bucket of logs', () => {
    const [log, ...others] = standard.find('AWS::EC2::FlowLog')
    expect(others).toEqual([])
    expect(log?.Properties).toMatchObject({ LogDestinationType: 's3', TrafficType: 'ALL' })
    expect(readable(log?.Properties.ResourceId, standard)).toBe('NetworkVpc')
    expect(readable(log?.Properties.LogDestination, standard)).toBe('StorageLogs.Arn/flow')
  })
})
