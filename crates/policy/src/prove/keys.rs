//! The names of condition keys as AWS writes them.

/// A key as AWS writes it; the part that a user chose stays as it is.
pub(super) fn written(key: &str) -> String {
    for (family, written) in FAMILIES {
        if let Some(rest) = key.strip_prefix(family) {
            return format!("{written}{rest}");
        }
    }
    NAMES
        .iter()
        .find(|name| name.eq_ignore_ascii_case(key))
        .map_or_else(|| key.to_owned(), |name| (*name).to_owned())
}

const FAMILIES: [(&str, &str); 6] = [
    ("aws:principaltag/", "aws:PrincipalTag/"),
    ("aws:requesttag/", "aws:RequestTag/"),
    ("aws:resourcetag/", "aws:ResourceTag/"),
    ("s3:existingobjecttag/", "s3:ExistingObjectTag/"),
    ("s3:requestobjecttag/", "s3:RequestObjectTag/"),
    ("s3:buckettag/", "s3:BucketTag/"),
];

/// Keys that are not in lower case (IAM user guide, "AWS global condition context keys", and the
/// Service Authorization Reference, 2026-09).
const NAMES: [&str; 62] = [
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:FederatedProvider",
    "aws:MultiFactorAuthAge",
    "aws:MultiFactorAuthPresent",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:PrincipalType",
    "aws:Referer",
    "aws:RequestedRegion",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIdentity",
    "aws:SourceIp",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceOwner",
    "aws:SourceVpc",
    "aws:SourceVpcArn",
    "aws:SourceVpce",
    "aws:TagKeys",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:ViaAWSService",
    "aws:VpcSourceIp",
    "aws:VpceAccount",
    "aws:VpceOrgID",
    "aws:VpceOrgPaths",
    "aws:PrincipalTag",
    "s3:AccessGrantsInstanceArn",
    "s3:AccessPointNetworkOrigin",
    "s3:DataAccessPointAccount",
    "s3:DataAccessPointArn",
    "s3:InventoryAccessibleOptionalFields",
    "s3:ObjectCreationOperation",
    "s3:RequestObjectTagKeys",
    "s3:ResourceAccount",
    "s3:TlsVersion",
    "s3:VersionId",
    "s3:authType",
    "s3:destinationRegion",
    "s3:isReplicationPauseRequest",
    "s3:signatureAge",
    "s3:signatureversion",
    "aws:Ec2InstanceSourceVpc",
    "aws:Ec2InstanceSourcePrivateIPv4",
    "ec2:RoleDelivery",
    "ec2:SourceInstanceARN",
    "lambda:SourceFunctionArn",
    "ssm:SourceInstanceARN",
];
