//! AlterBrokerConfigs: settings of all brokers that need no restart.

use broker_state::metadata::image::{ConfigResource, MetadataImage};
use broker_state::outcome::Outcome;
use proto::admin::v1::{AlterBrokerConfigsRequest, AlterBrokerConfigsResponse};

use super::alter_topic::altered_configs;
use super::change::{Asked, Decision, Needs, carry_out, check_expected, seen};
use super::refusal::Refusal;
use crate::api::context::ApiContext;

pub(super) async fn answer(
    ctx: &ApiContext,
    request: AlterBrokerConfigsRequest,
) -> Result<AlterBrokerConfigsResponse, Refusal> {
    let seen = seen(request.change.as_ref());
    let decide = |image: &MetadataImage| -> Decision<AlterBrokerConfigsResponse> {
        check_expected(image, seen, image.settings_changed_at)?;
        let resource = ConfigResource::all_brokers();
        let records = altered_configs(ctx, image, resource, &request.set_configs, &request.remove_configs)?;
        Ok(Outcome { records, response: AlterBrokerConfigsResponse::default() })
    };
    if request.validate_only {
        decide(&ctx.metadata.image())?;
        return Ok(AlterBrokerConfigsResponse::default());
    }
    let asked = Asked::of("AlterBrokerConfigs", request.change.as_ref(), &request)?;
    let (_, offset) = carry_out(ctx, asked, Needs::Nothing, decide).await?;
    Ok(AlterBrokerConfigsResponse { metadata_offset: offset.0 })
}
