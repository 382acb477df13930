// Resources that nothing here depends on but by name: type to the attributes that may be asked for. A type that is on no
// list stops the deployment, so that nothing is left out unseen.

import { arnOf, type Given, type Maker, physicalName } from './making.ts'

const fakes: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGatewayV2::Api': ['ApiId', 'ApiEndpoint'],
  'AWS::ApiGatewayV2::ApiMapping': ['ApiMappingId'],
  'AWS::ApiGatewayV2::DomainName': ['RegionalDomainName', 'RegionalHostedZoneId'],
  'AWS::ApiGatewayV2::Integration': ['IntegrationId'],
  'AWS::ApiGatewayV2::Route': ['RouteId'],
  'AWS::ApiGatewayV2::Stage': ['Id'],
  'AWS::ApplicationAutoScaling::ScalingPolicy': ['Arn'],
  'AWS::CDK::Metadata': [],
  'AWS::CertificateManager::Certificate': ['CertificateArn'],
  'AWS::CloudWatch::Alarm': ['Arn'],
  'AWS::CloudWatch::CompositeAlarm': ['Arn'],
  'AWS::CloudWatch::Dashboard': [],
  'AWS::EC2::EIP': ['AllocationId', 'PublicIp'],
  'AWS::EC2::FlowLog': ['Id'],
  'AWS::EC2::InternetGateway': ['InternetGatewayId'],
  'AWS::EC2::EgressOnlyInternetGateway': ['Id'],
  'AWS::EC2::NatGateway': ['NatGatewayId'],
  'AWS::EC2::Route': ['CidrBlock'],
  'AWS::EC2::RouteTable': ['RouteTableId'],
  'AWS::EC2::SecurityGroupEgress': ['Id'],
  'AWS::EC2::Subnet': ['SubnetId', 'AvailabilityZone', 'Ipv6CidrBlocks', 'NetworkAclAssociationId'],
  'AWS::EC2::SubnetRouteTableAssociation': ['Id'],
  'AWS::EC2::VPC': ['VpcId', 'CidrBlock', 'CidrBlockAssociations', 'DefaultSecurityGroup'],
  'AWS::EC2::VPCCidrBlock': ['Id'],
  'AWS::EC2::VPCEndpoint': ['Id'],
  'AWS::EC2::VPCGatewayAttachment': ['AttachmentType'],
  'AWS::ECS::Cluster': ['Arn'],
  'AWS::ECS::ClusterCapacityProviderAssociations': [],
  'AWS::Logs::LogGroup': ['Arn', 'LogGroupName'],
  'AWS::Logs::MetricFilter': [],
  'AWS::Logs::QueryDefinition': ['QueryDefinitionId'],
  'AWS::Route53::HostedZone': ['Id', 'NameServers'],
  'AWS::Route53::RecordSet': [],
  'AWS::Budgets::Budget': ['Id'],
  'AWS::SNS::Topic': ['TopicArn', 'TopicName'],
  'AWS::SNS::TopicPolicy': ['Id'],
  'AWS::SNS::Subscription': ['Arn'],
  // Policies on resources say who else may not: those that deny what is not TLS, and would deny everything on loopback.
  'AWS::S3::BucketPolicy': [],
  'AWS::SQS::QueuePolicy': ['Id'],
  'AWS::SecretsManager::ResourcePolicy': ['Id'],
}

/** The network that everything is in here. */
const LOOPBACK = '127.0.0.0/8'

/** Types whose `Ref` is an ARN. */
const named: ReadonlySet<string> = new Set([
  'AWS::CertificateManager::Certificate',
  'AWS::SNS::Topic',
  'AWS::SNS::Subscription',
])

function fake(type: string, attributes: readonly string[]): Maker {
  return (given: Given) => {
    const name = physicalName(given)
    const service = type.split('::')[1]?.toLowerCase() ?? ''
    const arn = arnOf(given, service, name)
    return {
      ref: named.has(type) ? arn : name,
      attributes: Object.fromEntries(
        attributes.map((attribute) => {
          if (attribute === 'CidrBlock') return [attribute, LOOPBACK]
          return [attribute, attribute.endsWith('Arn') ? arn : name]
        }),
      ),
    }
  }
}

export const fakeMakers: Readonly<Record<string, Maker>> = Object.fromEntries(
  Object.entries(fakes).map(([type, attributes]) => [type, fake(type, attributes)]),
)
