"""Staff pages: one module a noun, behind one guard."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.exceptions import HTTPException

from portal.admin import (
    absence_imports,
    absences,
    account,
    account_factor,
    api_keys,
    appointment_list,
    appointments,
    assigned,
    audit,
    batches,
    calendar,
    customer_links,
    customers,
    days,
    distributions,
    embedding,
    entry,
    explain,
    feeds,
    gate,
    imports,
    mail_texts,
    mails,
    marks,
    moves,
    notices,
    offers,
    order_links,
    orders,
    organisation,
    people,
    phone,
    plannings,
    process,
    questions,
    references,
    regions,
    reports,
    requests,
    resources,
    rules,
    service_groups,
    service_links,
    service_phone,
    services,
    sheet,
    sites,
    skills,
    system,
    today,
    use,
    versions,
    waiting,
    welcome,
)
from portal.admin.guard import guard, rights
from portal.admin.problems import failed, refused
from portal.admin.rooms import menu
from portal.admin.words import closure_text, hours_text, kinds_text
from portal.domain.errors import Refusal

bp = Blueprint("admin", __name__, url_prefix="/admin")
bp.record(references.register)
bp.before_request(guard)
bp.context_processor(rights)
bp.register_error_handler(Refusal, refused)
bp.register_error_handler(HTTPException, failed)
bp.add_app_template_filter(hours_text)
bp.add_app_template_filter(kinds_text)
bp.add_app_template_global(closure_text)
bp.add_app_template_global(menu)
for room in (
    batches,
    appointment_list,
    customer_links,
    customers,
    entry,
    welcome,
    account,
    account_factor,
    people,
    api_keys,
    today,
    calendar,
    feeds,
    orders,
    order_links,
    imports,
    appointments,
    requests,
    offers,
    waiting,
    moves,
    assigned,
    phone,
    service_phone,
    gate,
    marks,
    sheet,
    plannings,
    use,
    rules,
    reports,
    distributions,
    versions,
    questions,
    services,
    service_groups,
    service_links,
    days,
    sites,
    resources,
    absences,
    absence_imports,
    skills,
    regions,
    notices,
    process,
    explain,
    organisation,
    mail_texts,
    mails,
    embedding,
    audit,
    system,
):
    bp.register_blueprint(room.bp)

blueprints: tuple[Blueprint, ...] = (bp,)
