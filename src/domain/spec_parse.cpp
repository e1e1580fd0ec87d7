#include "domain/spec_parse.hpp"

#include "domain/spec/draft.hpp"
#include "domain/spec/names.hpp"

namespace flow::domain {
namespace {

void read_image(const Field& field, SpecDraft& draft) {
    const auto image = read_text(field);
    if (!image) {
        return;
    }
    if (const auto bad = why_bad_image(*image)) {
        field.wrong(*bad);
    }
    draft.spec.image = *image;
}

void read_kind(const Field& field, SpecDraft& draft) {
    if (field.value == "job") {
        draft.spec.kind = Kind::job;
    } else if (field.value != "container") {
        field.wrong("must be container or job, not " + shown(field.value));
    }
}

void read_name(const Field& field, SpecDraft& draft) {
    draft.spec.name = read_text(field).value_or("");
    if (field.value.is_string()) {
        if (const auto bad = why_bad_name(draft.spec.name)) {
            field.wrong(*bad);
        }
    }
}

/// task_id and runner_id: theirs to choose, but they travel in labels, events and variables.
std::string read_foreign_id(const Field& field) {
    return read_scalar_text(field, 255).value_or("");
}

void read_user(const Field& field, SpecDraft& draft) {
    const auto user = read_scalar_text(field, 255);
    if (user && user->find_first_of(" \t\r\n/,") != std::string::npos) {
        field.wrong("must be a name or a number, with :GROUP if you like, not " +
                    shown(field.value));
        return;
    }
    draft.spec.user = user.value_or("");
}

void read_working_dir(const Field& field, SpecDraft& draft) {
    const auto text = read_text(field);
    if (!text || text->empty()) {
        return;
    }
    const auto path = clean_path(*text);
    if (!path) {
        field.wrong("must be an absolute path without \"..\", not " + shown(field.value));
        return;
    }
    draft.spec.working_dir = *path;
}

void read_hostname(const Field& field, SpecDraft& draft) {
    const auto hostname = read_text(field);
    if (!hostname || hostname->empty()) {
        return;
    }
    if (const auto bad = why_bad_hostname(*hostname)) {
        field.wrong(*bad);
    }
    draft.spec.hostname = *hostname;
}

constexpr Member<SpecDraft> kMembers[] = {
    {"image", read_image},
    {"kind", read_kind},
    {"name", read_name},
    {"labels", read_labels},
    {"task_id",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.task_id = read_foreign_id(field);
     }},
    {"runner_id",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.runner_id = read_foreign_id(field);
     }},
    {"command", read_command},
    {"entrypoint", read_entrypoint},
    {"environment", read_environment},
    {"env_file", read_env_file},
    {"volumes", read_volumes},
    {"tmpfs", read_tmpfs},
    {"read_only",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.read_only = read_bool(field).value_or(false);
     }},
    {"user", read_user},
    {"working_dir", read_working_dir},
    {"hostname", read_hostname},
    {"init",
     [](const Field& field, SpecDraft& draft) {
         draft.spec.init = read_bool(field);
     }},
    {"ports", read_ports},
    {"networks", read_networks},
    {"network_mode", read_network_mode},
    {"resources", read_resources},
    {"security", read_security},
    {"restart", read_restart},
    {"stop_signal", read_stop_signal},
    {"stop_grace_period", read_stop_grace_period},
    {"depends_on", read_depends_on},
    {"healthcheck", read_healthcheck},
    {"update", read_update},
    {"pull_policy", read_pull_policy},
    {"registry_auth", read_registry_auth},
    {"logging", read_logging},
    {"code", read_code},
    {"code_path", read_code_path},
    {"messaging", read_messaging},
    {"workspace", read_workspace},
    {"backoff_limit", read_backoff_limit},
    {"active_deadline", read_active_deadline},
    {"ttl_after_finished", read_ttl_after_finished},
    {"keep_failed", read_keep_failed},
    {"desired_state", read_desired_state},
};

void settle(const Json& payload, SpecDraft& draft, FieldErrors& errors) {
    const auto image = payload.find("image");
    const bool given = image != payload.end() && !image->is_null();
    if (!given && draft.spec.code->wanted()) {
        draft.spec.image = "flow:latest";
    } else if (!given) {
        errors.add("image", "is required: the image to run, for example nginx:1.25");
    }
    for (const Dependency& dependency : draft.spec.depends_on) {
        if (!draft.spec.name.empty() && dependency.name == draft.spec.name) {
            errors.add("depends_on", "a container cannot wait for itself");
        }
    }
    settle_mounts(draft, errors);
    settle_networking(draft, errors);
    settle_security(draft, errors);
    settle_job(draft, errors);
}

}  // namespace

Result<ParsedSpec> parse_spec(const Json& payload, const ParseOptions& options) {
    FieldErrors errors(options.path_prefix);
    SpecDraft draft{.spec = {}, .desired_state = {}, .options = options};
    const Field root{payload, "", errors};
    if (!payload.is_object()) {
        errors.add("spec", "must be an object, not " + std::string(kind_of(payload)));
        return errors.to_error();
    }
    read_members<SpecDraft>(root, kMembers, foreign_spec_fields(), draft);
    settle(payload, draft, errors);
    if (!errors.empty()) {
        return errors.to_error();
    }
    return ParsedSpec{std::move(draft.spec), draft.desired_state};
}

}  // namespace flow::domain
